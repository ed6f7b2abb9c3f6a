import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lock } from "../rootfs/lock.ts";
import { environment } from "../system/environment.ts";
import { ExpectedError } from "../system/errors.ts";
import { sha256, writeFileAtomically } from "../system/files.ts";
import { lockFile, readLock, requireFresh } from "./lock-file.ts";
import type { Project } from "./project.ts";

/**
 * Which packages a build takes; an input of every step that downloads some. Package mirrors change under
 * us, and asking them at each build would cost seconds and make builds surprising. So a project has a lock,
 * or keeps the packages of its last build until `--refresh` changes `refresh`.
 */
export type PackagesStamp = { refresh: string } | { lock: Lock };

const stampFile = (project: Project): string =>
	join(
		environment().cacheDir,
		"history",
		`${sha256(project.identity).slice(0, 24)}.packages`,
	);

/**
 * The project's lock, or its current stamp; projects that were never refreshed share one, and so share
 * their packages.
 * @throws ExpectedError (exit code 2) when the lock cannot be read, or was made for another config.
 */
export async function packagesStamp(project: Project): Promise<PackagesStamp> {
	const lock = await readLock(project);
	if (!lock) return refreshStamp(project);
	requireFresh(project, lock);
	return { lock };
}

/** The stamp without regard to a lock. */
export async function refreshStamp(project: Project): Promise<PackagesStamp> {
	return {
		refresh: await readFile(stampFile(project), "utf8").catch(() => "first"),
	};
}

/**
 * Makes the next build look for newer packages.
 * @throws ExpectedError (exit code 2) when a lock decides.
 */
export async function refreshPackages(project: Project): Promise<void> {
	if (await readLock(project))
		throw new ExpectedError({
			code: "LOCK_FILE_DECIDES",
			message: `the packages are those of ${lockFile(project)}, which --refresh does not change`,
			hint: "look for newer packages by dock0 lock --update",
		});
	await renewStamp(project);
}

/** The same without regard to a lock. */
export async function renewStamp(project: Project): Promise<void> {
	await writeFileAtomically(stampFile(project), new Date().toISOString());
}
