import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import {
	chmod,
	cp,
	mkdir,
	mkdtemp,
	rename,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { environment } from "../../system/environment.ts";
import { ExpectedError, stepFailure } from "../../system/errors.ts";
import { sha256, sha256File } from "../../system/files.ts";
import { requireTool } from "../../system/tools.ts";
import type { BackendContext } from "../backend.ts";
import type { ArchSettings } from "./schema.ts";

/** Where archlinux-keyring puts its keys: on Arch, and on Debian. */
const keyringFolders = ["/usr/share/pacman/keyrings", "/usr/share/keyrings"];

/**
 * A gpg home whose valid keys are those of the config's files, or those that the archlinux-keyring
 * package vouches for (three master keys each, as pacman-key(8) does it). Made once for each keyring.
 * @throws ExpectedError when there is no keyring (exit code 2), or gpg cannot read it (exit code 1).
 */
export async function prepareKeyring(
	context: Pick<BackendContext, "run" | "runInNamespace" | "log">,
	settings: ArchSettings,
): Promise<string> {
	requireTool("gpg");
	const files = keyringFiles(settings);
	const hashes = await Promise.all(files.map((file) => sha256File(file)));
	const kind = settings.keyring.files.length > 0 ? "trusted" : "populated";
	const home = join(
		environment().cacheDir,
		"packages/arch/keyrings",
		sha256([kind, ...hashes].join("\n")).slice(0, 16),
	);
	if (existsSync(home)) return home;
	await mkdir(dirname(home), { recursive: true });
	// gpg's sockets lie in its home, and the path of a socket has at most 107 characters (unix(7)), which a
	// cache folder can exceed.
	const fresh = await mkdtemp(join(tmpdir(), "dock0-gpg-"));
	// Steps of one build come here side by side, so the process's number is not enough.
	const staged = `${home}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
	try {
		// pacman looks for this old form of the file, which gpg keeps to when it exists.
		await writeFile(join(fresh, "pubring.gpg"), "");
		if (kind === "trusted") await importTrusted(context, fresh, files);
		else await populate(context, fresh, files[0] ?? "");
		// pacman refuses a home that it may not read, and gpg one that others may.
		await chmod(fresh, 0o700);
		await cp(fresh, staged, { recursive: true, preserveTimestamps: true });
		await rename(staged, home);
	} catch (error) {
		await rm(staged, { recursive: true, force: true });
		if (!existsSync(home)) throw error;
	} finally {
		await rm(fresh, { recursive: true, force: true });
	}
	return home;
}

/** The files that decide who is trusted. */
export function keyringFiles(settings: ArchSettings): string[] {
	const { files } = settings.keyring;
	const missing = files.find((file) => !existsSync(file));
	if (missing)
		throw new ExpectedError({
			code: "ARCH_KEYRING_MISSING",
			message: `the keyring ${missing} does not exist`,
			hint: "the paths in rootfs.arch.keyring.files are relative to the file that names them",
		});
	if (files.length > 0) return [...files];
	const installed = keyringFolders
		.map((folder) => join(folder, "archlinux.gpg"))
		.find((file) => existsSync(file));
	if (!installed)
		throw new ExpectedError({
			code: "ARCH_KEYRING_MISSING",
			message:
				"rootfs.arch.keyring.files is not set, and archlinux-keyring is not installed",
			hint: "on Debian: apt-get install archlinux-keyring; or set rootfs.arch.keyring.files",
		});
	return [installed];
}

/** Ultimate trust makes the keys themselves valid (gpg(1), --import-ownertrust). */
async function importTrusted(
	context: Pick<BackendContext, "run">,
	home: string,
	files: readonly string[],
): Promise<void> {
	const gpg = (args: readonly string[], input?: string) =>
		context.run(
			"gpg",
			["--homedir", home, "--batch", "--no-autostart", ...args],
			{
				onLine: () => {},
				...(input === undefined ? {} : { input }),
			},
		);
	await gpg(["--import", ...files]);
	const { stdout } = await gpg(["--list-keys", "--with-colons"]);
	const fingerprints = primaryFingerprints(stdout);
	if (fingerprints.length === 0)
		throw stepFailure({
			code: "ARCH_KEYRING_EMPTY",
			message: `there is no public key in ${files.join(", ")}`,
		});
	await gpg(
		["--import-ownertrust"],
		fingerprints.map((fingerprint) => `${fingerprint}:6:\n`).join(""),
	);
	await gpg(["--check-trustdb"]);
}

/** Primary keys in the output of `gpg --with-colons` (doc/DETAILS of GnuPG): the `fpr` after each `pub`. */
export function primaryFingerprints(colons: string): string[] {
	const fingerprints: string[] = [];
	let primary = false;
	for (const line of colons.split("\n")) {
		const fields = line.split(":");
		if (fields[0] === "pub" || fields[0] === "sub")
			primary = fields[0] === "pub";
		if (fields[0] === "fpr" && primary && fields[9]) {
			fingerprints.push(fields[9]);
			primary = false;
		}
	}
	return fingerprints;
}

/** pacman-key signs the masters with a key of its own, which only root may make. */
async function populate(
	context: Pick<BackendContext, "runInNamespace" | "log">,
	home: string,
	file: string,
): Promise<void> {
	requireTool("pacman-key");
	// Whose libraries it reads; Debian has them in a package of their own, which it only recommends.
	requireTool("makepkg");
	context.log("making a gpg home from archlinux-keyring");
	// It looks in the folder where its distribution's archlinux-keyring puts `file`.
	for (const args of [["--init"], ["--populate", basename(file, ".gpg")]])
		await context.runInNamespace("pacman-key", ["--gpgdir", home, ...args]);
	// Sockets and locks of agents that ended with their namespace.
	await context.runInNamespace("sh", [
		"-c",
		'rm -f "$1"/S.* "$1"/*.lock "$1"/.#lk*',
		"sh",
		home,
	]);
}
