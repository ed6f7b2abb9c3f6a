import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../system/environment.ts";
import { sha256, writeFileAtomically } from "../system/files.ts";
import type { Project } from "./project.ts";

/**
 * Package mirrors change under us, and asking them at each build would cost seconds and make builds
 * surprising. So a project keeps the packages of its last build until `--refresh` renews this stamp,
 * which is an input of every step that downloads packages.
 */
const stampFile = (project: Project): string =>
	join(
		environment().cacheDir,
		"history",
		`${sha256(project.identity).slice(0, 24)}.packages`,
	);

/** The current stamp; projects that were never refreshed share one, and so share their packages. */
export async function packagesStamp(project: Project): Promise<string> {
	return readFile(stampFile(project), "utf8").catch(() => "first");
}

/** Makes the next build look for newer packages. */
export async function renewPackages(project: Project): Promise<void> {
	await writeFileAtomically(stampFile(project), new Date().toISOString());
}
