import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { stepFailure } from "../../system/errors.ts";
import { sha256File } from "../../system/files.ts";
import { acquireLock } from "../../system/lock.ts";
import { removeTree } from "../../system/namespace.ts";
import { requireTool } from "../../system/tools.ts";
import type {
	BackendContext,
	ExtractOptions,
	FetchContext,
	PackageOrigin,
} from "../backend.ts";
import type { RootfsSettings } from "../schema.ts";
import { parsePackageInfo } from "./package-info.ts";
import {
	type PacmanRoot,
	pacmanOptions,
	preparePacmanRoot,
} from "./pacman-root.ts";

/** pacman's own files inside a package (alpm-package(7)); they are not for the file system. */
const packageMetadata = [
	".PKGINFO",
	".MTREE",
	".BUILDINFO",
	".INSTALL",
	".CHANGELOG",
];

/** See `PackageBackend.extract`. */
export async function extractArch(
	context: BackendContext,
	settings: RootfsSettings,
	packages: readonly string[],
	target: string,
	options: ExtractOptions = {},
): Promise<PackageOrigin[]> {
	requireTool("bsdtar");
	const database = join(context.temp, "extract-database");
	await mkdir(target, { recursive: true });
	const pacman = await preparePacmanRoot(context, settings.arch, database);
	const lock = await acquireLock(join(pacman.folder, "packages.lock"), {
		signal: context.signal,
	});
	try {
		const unpacked: PackageOrigin[] = [];
		const seen = new Set<string>();
		const queue = [...packages];
		for (let name = queue.shift(); name; name = queue.shift()) {
			if (seen.has(name)) continue;
			seen.add(name);
			const found = await findFile(context, pacman, name);
			const archive = join(pacman.folders.cache, found.file);
			await download(context, pacman, name);
			const { origin, depends } = await readInfo(context, archive);
			if (await hasFiles(context, archive)) {
				await unpackArch(context, archive, target);
				unpacked.push({
					...origin,
					repository: found.repository,
					file: found.file,
					sha256: await sha256File(archive),
					bytes: (await stat(archive)).size,
				});
				if (options.libraries) queue.push(...depends);
			} else {
				context.log(`${name} stands for ${depends.join(", ")}`);
				queue.push(...depends);
			}
		}
		return unpacked;
	} finally {
		await lock.release();
		await removeTree(database);
	}
}

/** See `PackageBackend.unpack`. */
export async function unpackArch(
	context: FetchContext,
	file: string,
	target: string,
): Promise<void> {
	requireTool("bsdtar");
	await context.run("bsdtar", [
		"-xf",
		file,
		"-C",
		target,
		...packageMetadata.map((entry) => `--exclude=${entry}`),
	]);
}

/** See `PackageBackend.describe`. */
export async function describeArch(
	context: FetchContext,
	file: string,
): Promise<PackageOrigin> {
	return (await readInfo(context, file)).origin;
}

async function readInfo(context: FetchContext, file: string) {
	const { stdout } = await context.run("bsdtar", ["-xOf", file, ".PKGINFO"], {
		onLine: () => {},
	});
	return parsePackageInfo(stdout);
}

/** Downloads one package, checking its signature as SigLevel says. */
async function download(
	context: BackendContext,
	pacman: PacmanRoot,
	name: string,
): Promise<void> {
	await context.runInNamespace("pacman", [
		...pacmanOptions(pacman),
		"--sync",
		"--downloadonly",
		// Twice: also without checking versions of what it depends on (pacman(8)).
		"--nodeps",
		"--nodeps",
		name,
	]);
}

/** What pacman would install for a name, which may be one that a package provides. */
async function findFile(
	context: BackendContext,
	pacman: PacmanRoot,
	name: string,
): Promise<{ repository: string; file: string }> {
	const { stdout, exitCode } = await context.run(
		"pacman",
		[
			...pacmanOptions(pacman),
			"--sync",
			"--nodeps",
			"--nodeps",
			"--print",
			"--print-format",
			"%r %l",
			name,
		],
		{ okExitCodes: [0, 1], onLine: () => {}, env: { LC_ALL: "C.UTF-8" } },
	);
	const [, repository, location] =
		/^(\S+) ((?:(?:https?|ftp|file):|\/).*)$/m.exec(stdout) ?? [];
	if (exitCode !== 0 || !repository || !location)
		throw stepFailure({
			code: "PACKAGE_UNKNOWN",
			message: `the repositories have no package '${name}'`,
			hint: "check its name and rootfs.arch.repositories",
		});
	return {
		repository,
		file: decodeURIComponent(location.slice(location.lastIndexOf("/") + 1)),
	};
}

async function hasFiles(
	context: BackendContext,
	archive: string,
): Promise<boolean> {
	const { stdout } = await context.run("bsdtar", ["-tf", archive], {
		onLine: () => {},
	});
	return stdout
		.split("\n")
		.some(
			(name) =>
				name !== "" &&
				!name.endsWith("/") &&
				!packageMetadata.includes(name) &&
				!name.startsWith("usr/share/doc/"),
		);
}
