import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import {
	type FakeHost,
	fakeHost,
} from "../../src/release/update-agent.fixture.ts";
import { sha256File } from "../../src/system/files.ts";
import { dock0 } from "./support/dock0.ts";
import {
	type Registry,
	registryUser,
	startRegistry,
} from "./support/registry.ts";

const { username, password } = registryUser;
const login = Buffer.from(`${username}:${password}`).toString("base64");

let folder: string;
let registry: Registry;
let host: FakeHost;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-registry-release-"));
	await mkdir(join(folder, "data"));
	registry = await startRegistry(folder);
	await writeFile(
		join(folder, "config.json"),
		JSON.stringify({ auths: { [registry.host]: { auth: login } } }),
	);
});
afterAll(async () => {
	await registry?.stop();
	await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
	host = await fakeHost();
});
afterEach(() => host.remove());

/** Puts a release there with the login of docker login. */
const push = (release: string, place: string) =>
	dock0(["release", "push", release, place], {
		env: { DOCKER_CONFIG: folder },
	});

it("is pushed and taken by a host, which says no password", async () => {
	const release = await host.release({ version: "1.1" });
	const pushed = await push(
		release,
		`oci+http://${registry.host}/team/web1:stable`,
	);
	expect(pushed, pushed.stderr).toMatchObject({ exitCode: 0 });
	expect(pushed.stdout).toMatch(
		/^oci\+http:\/\/127\.0\.0\.1:\d+\/team\/web1:stable: 1\.5 MB\n$/,
	);
	const base = `oci+http://${username}:${password}@${registry.host}/team/web1`;
	const missing = await host.agent("install", `${base}:none`);
	expect(missing.exitCode).toBe(1);
	expect(missing.stderr).toMatch(
		/cannot fetch the release of oci\+http:\/\/127\.0\.0\.1:\d+\/team\/web1:none/,
	);
	const { exitCode, stdout, stderr } = await host.agent(
		"install",
		`${base}:stable`,
	);
	expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
	expect(stdout + missing.stderr).not.toContain(password);
	expect(await host.header("b")).toMatchObject({
		version: "1.1",
		release: await sha256File(join(release, "manifest.json")),
	});
});

it("is taken from a registry that gives tokens to everybody", async () => {
	const release = await host.release({ version: "1.3" });
	await push(release, `oci+http://${registry.host}/team/web1:token`);
	const asked: string[] = [];
	// In front of the real one, as the large registries do it.
	const gate = createServer(async (request, response) => {
		const { url = "", headers } = request;
		asked.push(url);
		if (url.startsWith("/token?"))
			return response.end('{"expires_in": 300, "token": "abc.def"}');
		if (headers.authorization !== "Bearer abc.def")
			return response
				.writeHead(401, {
					"www-authenticate": `Bearer realm="http://${headers.host}/token",service="gate",scope="repository:team/web1:pull"`,
				})
				.end();
		const answer = await fetch(`http://${registry.host}${url}`, {
			headers: {
				authorization: `Basic ${login}`,
				accept: headers.accept ?? "*/*",
			},
		});
		response
			.writeHead(answer.status)
			.end(Buffer.from(await answer.arrayBuffer()));
	});
	await new Promise<void>((done) => gate.listen(0, "127.0.0.1", done));
	try {
		const { port } = gate.address() as AddressInfo;
		const { exitCode, stderr } = await host.agent(
			"install",
			`oci+http://127.0.0.1:${port}/team/web1:token`,
		);
		expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
		expect(asked).toContain(
			"/token?service=gate&scope=repository%3ateam%2fweb1%3apull",
		);
		expect(await host.header("b")).toMatchObject({ version: "1.3" });
	} finally {
		gate.close();
	}
});

it("is not pushed without a signature, nor to what is no place", async () => {
	const release = await host.release({ version: "1.1" });
	const wrong = await push(release, "oci://Registry/Web1");
	expect(wrong).toMatchObject({ exitCode: 2 });
	expect(wrong.stderr).toContain("RELEASE_PLACE_INVALID");
	await rm(join(release, "manifest.sig"));
	const unsigned = await push(
		release,
		`oci+http://${registry.host}/team/web1:x`,
	);
	expect(unsigned).toMatchObject({ exitCode: 2 });
	expect(unsigned.stderr).toContain("RELEASE_UNSIGNED");
});
