import {
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import {
	afterAll,
	afterEach,
	beforeAll,
	beforeEach,
	expect,
	test,
	vi,
} from "vitest";
import { execute } from "../../plan/execute.ts";
import { keySteps } from "../../plan/key.ts";
import { run } from "../../system/process.ts";
import { kernelSchema } from "../schema.ts";
import { downloadsDir, fetchStep } from "./fetch-step.ts";
import { pinSource } from "./pinned.ts";

let temp: string;
let cache: string;
let server: Server;
let base: string;
let signer: string;
const at = (name: string): string => join(temp, name);

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-kernel-"));
	await mkdir(at("linux-9.9.1"));
	await writeFile(at("linux-9.9.1/Makefile"), "VERSION = 9\n");
	await run("tar", ["-C", temp, "-cf", at("linux-9.9.1.tar"), "linux-9.9.1"]);
	await run("xz", ["-k", at("linux-9.9.1.tar")]);
	await mkdir(at("gpg"), { mode: 0o700 });
	const gpg = (...args: string[]) =>
		run("gpg", [
			"--homedir",
			at("gpg"),
			"--batch",
			"--passphrase",
			"",
			...args,
		]);
	await gpg("--quick-gen-key", "maker@example.org", "ed25519", "sign", "never");
	const { stdout } = await gpg("--with-colons", "--list-keys");
	signer = /^fpr:+([0-9A-F]{40}):/m.exec(stdout)?.[1] ?? "";
	await gpg("--output", at("keys.gpg"), "--export");
	await gpg(
		"--output",
		at("linux-9.9.1.tar.sign"),
		"--detach-sign",
		at("linux-9.9.1.tar"),
	);
	server = createServer(async (request, response) => {
		const name = basename(request.url ?? "");
		const content = await readFile(at(name)).catch(() => undefined);
		response.writeHead(content ? 200 : 404).end(content);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	await writeFile(
		at("releases.json"),
		JSON.stringify({
			latest_stable: { version: "9.9.1" },
			releases: [
				{
					moniker: "stable",
					version: "9.9.1",
					source: `${base}/linux-9.9.1.tar.xz`,
					pgp: `${base}/linux-9.9.1.tar.sign`,
				},
			],
		}),
	);
});
afterAll(async () => {
	await run("gpgconf", ["--homedir", at("gpg"), "--kill", "all"]);
	server.close();
	await rm(temp, { recursive: true, force: true });
});
beforeEach(async () => {
	cache = await mkdtemp(join(temp, "cache-"));
	vi.stubEnv("DOCK0_CACHE_DIR", cache);
});
afterEach(() => vi.unstubAllEnvs());

async function fetched(settings: object): Promise<Buffer> {
	const step = fetchStep(await pinSource(kernelSchema.parse(settings)));
	const entries = await execute({
		steps: await keySteps([step]),
		observe: () => undefined,
		signal: new AbortController().signal,
		logDir: join(cache, "logs"),
	});
	return readFile(join(entries.get(step.name)?.outputs ?? "", "archive"));
}

const release = (more: object = {}) => ({
	source: "release",
	version: "latest",
	releasesUrl: `${base}/releases.json`,
	keyring: at("keys.gpg"),
	signers: [signer],
	...more,
});

test("latest: looked up, downloaded, and its signature verified", async () => {
	const archive = await fetched(release());
	expect(archive.equals(await readFile(at("linux-9.9.1.tar.xz")))).toBe(true);
	expect(await readdir(downloadsDir())).toEqual(["linux-9.9.1.tar.xz"]);
});

test("the last list of releases serves when the network is away", async () => {
	const settings = kernelSchema.parse(release());
	const first = await pinSource(settings);
	const away = vi
		.spyOn(globalThis, "fetch")
		.mockRejectedValue(new Error("away"));
	expect(await pinSource(settings)).toEqual(first);
	await expect(
		pinSource({ ...settings, releasesUrl: `${base}/other.json` }),
	).rejects.toMatchObject({ code: "KERNEL_RELEASES_UNREACHABLE" });
	away.mockRestore();
});

test("a signer that is not trusted, and one that is not known", async () => {
	await expect(fetched(release({ signers: ["A".repeat(40)] }))).rejects.toThrow(
		`signed by ${signer}, which is not trusted`,
	);
	await writeFile(at("no-keys.gpg"), "");
	await expect(
		fetched(release({ keyring: at("no-keys.gpg") })),
	).rejects.toMatchObject({ exitCode: 1 });
});

test("a damaged archive is refused, and thrown away", async () => {
	await mkdir(downloadsDir(), { recursive: true });
	await writeFile(at("other.tar"), "something else");
	await run("xz", ["-kf", at("other.tar")]);
	await writeFile(
		join(downloadsDir(), "linux-9.9.1.tar.xz"),
		await readFile(at("other.tar.xz")),
	);
	await expect(fetched(release())).rejects.toMatchObject({
		code: "KERNEL_SIGNATURE_BAD",
	});
	expect(await readdir(downloadsDir())).toEqual([]);
	await expect(
		fetched(release({ sha256: "0".repeat(64) })),
	).rejects.toMatchObject({ code: "KERNEL_SHA256_WRONG" });
});

test("a git tag is pinned to its commit and archived", async () => {
	const repository = at("repository");
	const git = (...args: string[]) =>
		run("git", [
			"-C",
			repository,
			"-c",
			"user.name=t",
			"-c",
			"user.email=t@example.org",
			...args,
		]);
	await mkdir(repository);
	await git("init", "-q");
	await writeFile(join(repository, "Makefile"), "VERSION = 1\n");
	await git("add", ".");
	await git("commit", "-qm", "one");
	await git("tag", "-am", "first", "v1");
	const { stdout } = await git("rev-parse", "HEAD");
	const settings = { source: "git", git: repository, ref: "v1" };
	expect(await pinSource(kernelSchema.parse(settings))).toMatchObject({
		commit: stdout.trim(),
	});
	expect((await fetched(settings)).toString()).toContain("linux/Makefile");
	await expect(
		pinSource(kernelSchema.parse({ ...settings, ref: "v2" })),
	).rejects.toMatchObject({ code: "KERNEL_GIT_REF", exitCode: 2 });
});

test("a tarball's sum is checked when it is given", async () => {
	const tarball = { source: "tarball", tarball: at("linux-9.9.1.tar") };
	expect((await fetched(tarball)).length).toBeGreaterThan(0);
	await expect(fetched({ ...tarball, sha256: "0".repeat(64) })).rejects.toThrow(
		/has SHA-256 [0-9a-f]{64}, not 0{64}/,
	);
});
