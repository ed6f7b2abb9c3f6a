import { existsSync } from "node:fs";
import { cp, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../../system/environment.ts";
import { ExpectedError, stepFailure } from "../../system/errors.ts";
import { sha256, writeFileAtomically } from "../../system/files.ts";
import { acquireLock } from "../../system/lock.ts";
import { requireTool } from "../../system/tools.ts";
import type { BackendContext } from "../backend.ts";
import { prepareKeyring } from "./keyring.ts";
import { type PacmanFolders, pacmanConf } from "./pacman-conf.ts";
import type { ArchSettings } from "./schema.ts";

/** pacman's state for one build, made from what is kept between builds. */
export interface PacmanRoot {
	/** Folder in the cache that all builds from these repositories share. */
	folder: string;
	config: string;
	folders: PacmanFolders;
}

/**
 * Brings the kept indexes of the repositories up to date (without a network, older ones serve, and the
 * log says so), and copies them to `database`, where a transaction may then use them alone.
 * @throws ExpectedError when no repository is set or the keyring is missing (exit code 2), or when the
 * indexes can neither be had nor verified (exit code 1).
 */
export async function preparePacmanRoot(
	context: BackendContext,
	settings: ArchSettings,
	database: string,
): Promise<PacmanRoot> {
	requireTool("pacman");
	if (settings.repositories.length === 0)
		throw new ExpectedError({
			code: "ARCH_NO_REPOSITORY",
			message: "rootfs.arch.repositories is empty",
			hint: "extend dock0/arch, which names the usual ones, or list your own",
		});
	const gpg = await prepareKeyring(context, settings);
	const folder = pacmanFolder(settings);
	const cache = join(folder, "packages");
	const kept = join(folder, "database");
	const lock = await acquireLock(join(folder, "update.lock"), {
		signal: context.signal,
		onWait: () => context.log("waiting for another dock0 to read the indexes"),
	});
	try {
		for (const path of [cache, join(kept, "local"), join(kept, "sync")])
			await mkdir(path, { recursive: true });
		const keptConfig = join(folder, "pacman.conf");
		await writeFileAtomically(
			keptConfig,
			pacmanConf(settings, { database: kept, cache, gpg }),
		);
		await refresh(context, keptConfig, kept);
		await mkdir(join(database, "local"), { recursive: true });
		await cp(join(kept, "sync"), join(database, "sync"), {
			recursive: true,
			preserveTimestamps: true,
		});
	} finally {
		await lock.release();
	}
	const folders = { database, cache, gpg };
	const config = join(context.temp, "pacman.conf");
	await writeFileAtomically(config, pacmanConf(settings, folders));
	return { folder, config, folders };
}

/** Where pacman's state for the settings' repositories is kept. */
export function pacmanFolder(settings: ArchSettings): string {
	return join(
		environment().cacheDir,
		"packages/arch",
		sha256(
			JSON.stringify([settings.repositories, settings.architecture]),
		).slice(0, 16),
	);
}

/** Options that every pacman(8) of ours gets: no questions, no progress bars, this configuration. */
export function pacmanOptions(root: Pick<PacmanRoot, "config">): string[] {
	return ["--config", root.config, "--noconfirm", "--noprogressbar"];
}

async function refresh(
	context: BackendContext,
	config: string,
	database: string,
): Promise<void> {
	try {
		await context.runInNamespace("pacman", [
			...pacmanOptions({ config }),
			"--sync",
			"--refresh",
		]);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		const known = existsSync(join(database, "sync"))
			? (await readdir(join(database, "sync"))).length > 0
			: false;
		if (known && !/signature|keyring|PGP/i.test(reason)) {
			context.log(
				`the repositories did not answer; using older indexes: ${reason}`,
			);
			return;
		}
		throw stepFailure(
			{
				code: "ARCH_INDEX_FAILED",
				message: `the repositories' indexes could not be had:\n${reason}`,
				hint: "check the network, rootfs.arch.repositories, sigLevel and keyring",
			},
			error,
		);
	}
}
