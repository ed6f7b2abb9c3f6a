import {
	copyFile,
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { environment } from "../../src/system/environment.ts";
import { removeTree, runInNamespace } from "../../src/system/namespace.ts";
import { type RunResult, run } from "../../src/system/process.ts";
import {
	type ArchRepository,
	buildArchRepository,
	dockerHostPackages,
} from "../arch-repository/build.ts";

const dockerHost = ["base", "docker", "openssh", "iproute2", "iptables-nft"];

let folder: string;
let built: ArchRepository;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "arch-repository-"));
	built = await build((line) => console.log(line));
});

afterAll(async () => {
	await removeTree(folder);
});

test("an unchanged build does no work again", async () => {
	const lines: string[] = [];
	expect(await build((line) => lines.push(line))).toEqual(built);
	expect(lines).toEqual([]);
});

test("every package and the database are signed by the exported key", async () => {
	const names = await readdir(built.repository);
	const signed = names.filter((name) => name.endsWith(".tar.zst"));
	expect(signed.length).toBeGreaterThan(50);
	for (const name of [...signed, `${built.name}.db`, `${built.name}.files`])
		expect(names).toContain(`${name}.sig`);
	const keyring = await trustingKeyring("signatures", built);
	const docker = signed.find((name) => name.startsWith("docker-")) ?? "";
	const { stdout } = await run("gpg", [
		...["--homedir", keyring, "--batch", "--status-fd", "1", "--verify"],
		...[`${docker}.sig`, docker].map((name) => join(built.repository, name)),
	]);
	expect(stdout).toContain(`VALIDSIG ${built.keyId}`);
});

test("pacstrap installs a Docker host from it in one transaction, all signatures required", async () => {
	const target = join(folder, "root");
	const { exitCode, stdout, stderr } = await pacstrap(
		target,
		await pacmanConfig("install", built.repository),
		dockerHost,
	);
	expect(`${stdout}${stderr}`).not.toMatch(/^(warning|error|==> \w+):/im);
	expect(exitCode).toBe(0);

	const inside = async (...command: string[]): Promise<string> => {
		const script =
			'mount -t proc proc "$1/proc"; cd /; target=$1; shift; exec chroot "$target" "$@"';
		const result = await runInNamespace(
			"sh",
			["-c", script, "sh", target, ...command],
			{ env: { LC_ALL: "C", SYSTEMD_COLORS: "0" } },
		);
		return result.stdout;
	};
	expect(await inside("systemctl", "--version")).toMatch(/^systemd 257 /);
	expect(await inside("dockerd", "--version")).toMatch(/^Docker version 26\.1/);
	expect(await inside("docker", "--version")).toMatch(/^Docker version 26\.1/);
	expect(await inside("iptables", "--version")).toContain("(nf_tables)");
	expect(await inside("ldconfig", "-p")).toContain("libcrypto.so.3 ");
	expect(await inside("id", "messagebus")).toMatch(/^uid=\d+\(messagebus\)/);
	expect(await inside("id", "sshd")).toMatch(/^uid=\d+\(sshd\)/);
	expect(await inside("getent", "group", "docker")).toMatch(/^docker:x:\d+:/);
	expect(await inside("getcap", "/usr/bin/ping")).toContain("cap_net_raw=ep");
	expect(
		await inside("stat", "-c", "%U:%G %a", "/etc/shadow", "/usr/bin/passwd"),
	).toBe("root:shadow 640\nroot:root 4755\n");
	expect(await inside("readlink", "/bin", "/sbin", "/lib", "/lib64")).toBe(
		"usr/bin\nusr/sbin\nusr/lib\nusr/lib64\n",
	);
	expect(await inside("sh", "-c", ". /etc/os-release; echo $ID")).toBe(
		"arch\n",
	);
	const certificates = await readFile(
		join(target, "etc/ssl/certs/ca-certificates.crt"),
		"utf8",
	);
	expect(
		certificates.match(/^-----BEGIN CERTIFICATE-----$/gm)?.length,
	).toBeGreaterThan(100);
	await inside(
		"systemd-analyze",
		...["verify", "--man=no", "default.target"],
		...["docker.service", "sshd.service"],
	);
	// what pacman believes to be there is there, and what depends on something has it
	const database = [
		"--root",
		target,
		"--dbpath",
		join(target, "var/lib/pacman"),
	];
	const check = await runInNamespace("pacman", [...database, "-Dk"]);
	expect(check.stdout).toContain("No database errors");
	const files = await runInNamespace("pacman", [...database, "-Qk"]);
	expect(files.stdout).not.toMatch(/[1-9]\d* missing files?$/m);
});

test("linux and busybox are packed as on Arch", async () => {
	const names = await readdir(built.repository);
	const listing = async (start: string): Promise<string> => {
		const name = names.find(
			(one) => one.startsWith(start) && one.endsWith(".zst"),
		);
		return (await run("bsdtar", ["-tf", join(built.repository, name ?? start)]))
			.stdout;
	};
	const linux = await listing("linux-");
	expect(linux).toMatch(/^usr\/lib\/modules\/[^/]+\/vmlinuz$/m);
	expect(linux).toMatch(/^usr\/lib\/modules\/[^/]+\/pkgbase$/m);
	expect(linux).toMatch(
		/^usr\/lib\/modules\/[^/]+\/kernel\/.*\/overlay\.ko(\.\w+)?$/m,
	);
	expect(linux).not.toMatch(/^(boot|lib)\/|modules\.dep$/m);
	expect(await listing("busybox-")).toMatch(/^usr\/bin\/busybox$/m);
});

test("a changed package and an unknown key are refused", async () => {
	const changed = join(folder, "changed");
	await mkdir(changed);
	for (const name of await readdir(built.repository))
		if (/^(base|filesystem)-|\.db/.test(name))
			await copyFile(join(built.repository, name), join(changed, name));
	const name =
		(await readdir(changed)).find((one) => /^filesystem-.*zst$/.test(one)) ??
		"";
	const bytes = await readFile(join(changed, name));
	bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
	await writeFile(join(changed, name), bytes);
	const tampered = await pacstrap(
		join(folder, "tampered"),
		await pacmanConfig("tampered", changed),
		["filesystem"],
	);
	expect(tampered.exitCode).not.toBe(0);
	expect(tampered.stderr).toMatch(
		/signature .*is invalid|invalid or corrupted/,
	);

	const config = await pacmanConfig("unknown", built.repository, {
		trust: false,
	});
	const unknown = await pacstrap(join(folder, "unknown"), config, [
		"filesystem",
	]);
	expect(unknown.exitCode).not.toBe(0);
});

function build(log: (line: string) => void): Promise<ArchRepository> {
	return buildArchRepository({
		out: join(folder, "repository"),
		packages: dockerHostPackages,
		log,
	});
}

async function pacstrap(
	target: string,
	config: string,
	packages: readonly string[],
): Promise<RunResult> {
	await mkdir(target);
	// -N: pacstrap's own user namespace, where we are not root
	const unprivileged = environment().isRoot ? [] : ["-N"];
	const args = [
		...unprivileged,
		"-C",
		config,
		"-G",
		"-M",
		"-c",
		target,
		...packages,
	];
	const options = { okExitCodes: [0, 1], env: { LC_ALL: "C" } };
	return environment().isRoot
		? runInNamespace("pacstrap", args, options)
		: run("pacstrap", args, options);
}

async function pacmanConfig(
	name: string,
	repository: string,
	options: { trust?: boolean } = {},
): Promise<string> {
	const keyring = await trustingKeyring(
		name,
		options.trust === false ? undefined : built,
	);
	const cache = join(folder, `${name}-packages`);
	await mkdir(cache);
	const config = join(folder, `${name}.conf`);
	await writeFile(
		config,
		`[options]
Architecture = x86_64
SigLevel = Required
GPGDir = ${keyring}
CacheDir = ${cache}
[${built.name}]
Server = file://${repository}
`,
	);
	return config;
}

/** A GnuPG home that trusts the repository's key, if one is given. */
async function trustingKeyring(
	name: string,
	repository: ArchRepository | undefined,
): Promise<string> {
	const home = join(folder, `${name}-gnupg`);
	await mkdir(home, { mode: 0o700 });
	// pacman looks for the classic file and not for pubring.kbx
	await writeFile(join(home, "pubring.gpg"), "");
	if (repository) {
		const gpg = ["--homedir", home, "--batch", "--quiet", "--no-autostart"];
		await run("gpg", [...gpg, "--import", repository.publicKey]);
		await run("gpg", [...gpg, "--import-ownertrust"], {
			input: `${repository.keyId}:6:\n`,
		});
	}
	return home;
}
