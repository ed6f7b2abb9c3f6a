import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../src/system/process.ts";
import { findTool } from "../../../src/system/tools.ts";

/** A signed pacman repository of three packages, for what needs no real system. */
export interface TinyRepository {
	url: string;
	/** Public key that signed everything. */
	key: string;
	/** A key that signed nothing. */
	otherKey: string;
	folder: string;
}

interface TinyPackage {
	name: string;
	depends?: string[];
	install?: string;
	fill?(folder: string): Promise<void>;
}

const packages: TinyPackage[] = [
	{
		name: "shell",
		install:
			"post_install() {\n id -u > /etc/installed-by\n touch /etc/owned\n chown 7:8 /etc/owned\n test -c /dev/null\n}\n",
		async fill(folder) {
			await mkdir(join(folder, "usr/bin"), { recursive: true });
			await mkdir(join(folder, "etc"));
			await writeFile(
				join(folder, "etc/passwd"),
				"root:x:0:0:root:/root:/bin/sh\n",
			);
			const busybox = findTool("busybox") ?? "";
			await run("cp", [busybox, join(folder, "usr/bin/busybox")]);
			for (const name of ["sh", "cat", "id", "touch", "chown", "test", "false"])
				await run("ln", ["-s", "busybox", join(folder, "usr/bin", name)]);
			await run("ln", ["-s", "usr/bin", join(folder, "bin")]);
		},
	},
	{ name: "meta", depends: ["shell>=1"] },
	{
		name: "broken",
		depends: ["shell"],
		install: "post_install() {\n echo this one fails\n false\n}\n",
	},
];

/** Makes the repository with keys of its own; every package has that version. */
export async function makeTinyRepository(
	folder: string,
	version = "1-1",
): Promise<TinyRepository> {
	const repository = join(folder, "repository");
	const home = join(folder, "gpg");
	await mkdir(repository, { recursive: true });
	await mkdir(home, { mode: 0o700 });
	const gpg = (...args: string[]) =>
		run("gpg", ["--homedir", home, "--batch", "--yes", ...args]);
	const keys: Record<"signer" | "stranger", string> = {
		signer: join(folder, "signer.gpg"),
		stranger: join(folder, "stranger.gpg"),
	};
	for (const [name, file] of Object.entries(keys)) {
		const address = `${name}@example.org`;
		await gpg(
			"--passphrase",
			"",
			"--quick-gen-key",
			address,
			"ed25519",
			"sign",
			"never",
		);
		await gpg("--output", file, "--export", address);
	}
	for (const one of packages) {
		const file = await pack(folder, repository, version, one);
		await gpg("--local-user", "signer@example.org", "--detach-sign", file);
	}
	const files = (await readdir(repository)).filter((name) =>
		name.endsWith(".zst"),
	);
	await run("repo-add", ["tiny.db.tar.zst", ...files], { cwd: repository });
	await gpg(
		"--local-user",
		"signer@example.org",
		"--output",
		join(repository, "tiny.db.sig"),
		"--detach-sign",
		join(repository, "tiny.db.tar.zst"),
	);
	await run("gpgconf", ["--homedir", home, "--kill", "all"]);
	return {
		url: `file://${repository}`,
		key: keys.signer,
		otherKey: keys.stranger,
		folder: repository,
	};
}

async function pack(
	folder: string,
	repository: string,
	version: string,
	{ name, depends = [], install, fill }: TinyPackage,
): Promise<string> {
	const tree = join(folder, "trees", name);
	await mkdir(tree, { recursive: true });
	await fill?.(tree);
	const content = await readdir(tree);
	const info = {
		pkgname: name,
		pkgbase: name,
		pkgver: version,
		url: "https://example.org/tiny",
		license: "GPL-2.0-only",
		pkgdesc: name,
		builddate: "1700000000",
		size: "4096",
		arch: "x86_64",
	};
	await writeFile(
		join(tree, ".PKGINFO"),
		[
			...Object.entries(info).map(([key, value]) => `${key} = ${value}`),
			...depends.map((one) => `depend = ${one}`),
			"",
		].join("\n"),
	);
	if (install) await writeFile(join(tree, ".INSTALL"), install);
	const file = join(repository, `${name}-${version}-x86_64.pkg.tar.zst`);
	await run(
		"bsdtar",
		[
			"--uid=0",
			"--gid=0",
			"--zstd",
			"-cf",
			file,
			".PKGINFO",
			...(install ? [".INSTALL"] : []),
			...content,
		],
		{ cwd: tree },
	);
	return file;
}
