import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { stepFailure } from "../../system/errors.ts";
import { acquireLock } from "../../system/lock.ts";
import { removeTree } from "../../system/namespace.ts";
import { requireTool } from "../../system/tools.ts";
import { packArguments } from "../archive.ts";
import type {
	BackendContext,
	InstallOptions,
	PackageFile,
	PackageOrigin,
} from "../backend.ts";
import { chrootMountsScript } from "../chroot-mounts.ts";
import { requireExactly, writeList } from "../package-lists.ts";
import type { RootfsSettings } from "../schema.ts";
import { scrubScript } from "../scrub.ts";
import { lockedPacmanRoot } from "./locked.ts";
import { listOrigins, listPackages } from "./package-list.ts";
import {
	type PacmanRoot,
	pacmanOptions,
	preparePacmanRoot,
} from "./pacman-root.ts";
import { offeredFiles } from "./sync-database.ts";

/**
 * What pacstrap(8) does, by hand, since its mounts need real root: folders, API file systems, then
 * pacman with the packages in one transaction. `$1` tree, `$2` epoch, then pacman and its arguments.
 */
const installScript = `
${chrootMountsScript}
${scrubScript}
tree=$1 epoch=$2
shift 2
umask 022
mkdir -m 1777 -p "$tree/tmp"
mkdir -m 0755 -p "$tree/var/lib/pacman" "$tree/var/log" "$tree/etc"
mount_chroot "$tree"
"$@" 2>&1
unmount_chroot "$tree"
rm -rf "$tree/var/lib/pacman/sync" "$tree/var/lib/pacman/db.lck"
rm -rf "$tree/etc/pacman.d/gnupg"
scrub "$tree" "$epoch"
`;

/** See `PackageBackend.install`. */
export async function installArch(
	context: BackendContext,
	settings: RootfsSettings,
	{ epoch, locked }: InstallOptions,
): Promise<void> {
	requireTool("tar");
	if (settings.packages.length === 0)
		throw stepFailure({
			code: "ARCH_NO_PACKAGES",
			message: "rootfs.packages is empty, so there is nothing to install",
			hint: "list at least `base`",
		});
	const tree = join(context.temp, "tree");
	const database = join(tree, "var/lib/pacman");
	await mkdir(tree, { mode: 0o755 });
	const pacman = locked
		? await lockedPacmanRoot(context, settings, locked, database)
		: await preparePacmanRoot(context, settings.arch, database);
	const files = locked ?? (await offeredFiles(context, database));
	const lock = await acquireLock(join(pacman.folder, "packages.lock"), {
		signal: context.signal,
		onWait: () => context.log("waiting for another dock0 to install packages"),
	});
	try {
		await transact(context, settings, pacman, tree, epoch);
		const packages = await listPackages(database);
		if (locked) requireExactly(packages, locked);
		await writeList(context, "packages.json", packages);
		await writeList(
			context,
			"origins.json",
			withFiles(await listOrigins(database), files),
		);
		await context.runInNamespace(
			"tar",
			packArguments(tree, join(context.out, "rootfs.tar"), epoch),
		);
	} finally {
		await lock.release();
		await removeTree(tree);
	}
}

/** Adds to each installed package the file that the repositories have, or the lock names, for it. */
function withFiles(
	origins: readonly PackageOrigin[],
	files: readonly PackageFile[],
): PackageOrigin[] {
	const byName = new Map(
		files.map((file) => [`${file.name} ${file.version}`, file]),
	);
	return origins.map((origin) => {
		const file = byName.get(`${origin.name} ${origin.version}`);
		if (!file) throw new Error(`no repository has ${origin.name}`);
		const { repository, sha256, bytes } = file;
		return { ...origin, repository, file: file.file, sha256, bytes };
	});
}

async function transact(
	context: BackendContext,
	{ packages }: RootfsSettings,
	pacman: PacmanRoot,
	tree: string,
	epoch: number,
): Promise<void> {
	const command = [
		"pacman",
		"--root",
		tree,
		...pacmanOptions(pacman),
		"--sync",
		"--needed",
		...packages,
	];
	const attempt = () =>
		context.runInNamespace(
			"sh",
			["-euc", installScript, "sh", tree, String(epoch), ...command],
			{ env: { SOURCE_DATE_EPOCH: String(epoch), LC_ALL: "C.UTF-8" } },
		);
	const { stdout } = await attempt()
		.catch((error: unknown) => {
			// A kept download that is not what the index promises: pacman has deleted it before it gave up.
			if (!/invalid or corrupted package/.test(String(error))) throw error;
			context.log("a kept package is not what the index promises; once more");
			return attempt();
		})
		.catch((error: unknown) => {
			throw explain(error);
		});
	// pacman goes on after a failed scriptlet or hook, and the root would lack what it should have made.
	const failed = /^error: command failed to execute correctly$/m.exec(stdout);
	if (failed)
		throw stepFailure({
			code: "PACKAGE_SCRIPT_FAILED",
			message: `a package's install script failed:\n${stdout
				.slice(0, failed.index)
				.trim()
				.split("\n")
				.slice(-8)
				.join("\n")}`,
		});
}

function explain(error: unknown): unknown {
	const text = error instanceof Error ? error.message : "";
	const unknown = [...text.matchAll(/target not found: (\S+)/g)].map(
		([, name]) => name,
	);
	if (unknown.length > 0)
		return stepFailure(
			{
				code: "PACKAGE_UNKNOWN",
				message: `the repositories have no package ${unknown.map((name) => `'${name}'`).join(", ")}`,
				hint: "check the names and rootfs.arch.repositories",
			},
			error,
		);
	return error;
}
