import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileMode } from "../system/package-files.ts";
import { exactGlobMatcher } from "./customise/glob.ts";
import { overlayFolders, templateSources } from "./customise.ts";
import type { RootfsSettings } from "./schema.ts";

/** Where services of other users look; a file elsewhere may well be meant for root alone. */
const publicFolders = ["usr", "etc/systemd"];

/**
 * Files and folders that go into the root below /usr or as units, and that only root could read there: what a
 * project checked out with umask 077 has everywhere, and what breaks services in ways that are hard to find.
 * @returns paths on this machine; without those whose mode `rootfs.permissions` sets.
 */
export async function unreadableFiles(
	settings: RootfsSettings,
): Promise<string[]> {
	const isSet = settings.permissions
		.filter(({ mode }) => mode !== undefined)
		.map(({ path }) => exactGlobMatcher(path));
	const folders = [
		...overlayFolders(settings),
		...templateSources(settings)
			.filter(({ to, mode }) => to === undefined && mode === undefined)
			.map(({ from }) => from),
	];
	const found: string[] = [];
	const visit = async (file: string, path: string): Promise<void> => {
		const stats = await lstat(file).catch(() => undefined);
		if (!stats || stats.isSymbolicLink()) return;
		const needed = stats.isDirectory() ? 0o005 : 0o004;
		if (
			(fileMode(file, stats) & needed) !== needed &&
			!isSet.some((matches) => matches(path.replace(/\.eta$/, "")))
		)
			found.push(file);
		if (stats.isDirectory())
			for (const name of (await readdir(file)).sort())
				await visit(join(file, name), `${path}/${name}`);
	};
	for (const folder of folders)
		for (const inner of publicFolders)
			await visit(join(folder, inner), `/${inner}`);
	return found;
}
