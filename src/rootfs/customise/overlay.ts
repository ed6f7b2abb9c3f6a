import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { stepFailure } from "../../system/errors.ts";
import { fileMode } from "../../system/package-files.ts";
import {
	type Destination,
	placeFile,
	placeFolder,
	placeLink,
	rootOwner,
} from "./place.ts";

/** What to do with one plain file; returns true when it has been dealt with. */
export type FileHandler = (source: string, path: string) => Promise<boolean>;

/**
 * Copies a folder of this machine over the tree: owner root:root, modes and links kept (of our own files
 * git's modes, see `fileMode`), every time the epoch. Folders that the tree has keep their own mode and owner. `handle` may take files over.
 * @returns how many files and links were placed.
 * @throws ExpectedError (exit code 1) for devices, sockets and pipes, or a folder against a file.
 */
export async function placeOverlay(
	to: Destination,
	source: string,
	path = "/",
	handle: FileHandler = async () => false,
): Promise<number> {
	let placed = 0;
	for (const name of (await readdir(source)).sort()) {
		const from = join(source, name);
		const target = join(path, name);
		const stats = await lstat(from);
		const mode = fileMode(from, stats);
		if (stats.isDirectory()) {
			await placeFolder(to, target, { mode, owner: rootOwner });
			placed += await placeOverlay(to, from, target, handle);
			continue;
		}
		if (stats.isSymbolicLink())
			await placeLink(to, target, await readlink(from));
		else if (!stats.isFile())
			throw stepFailure({
				code: "OVERLAY_SPECIAL_FILE",
				message: `${from} is neither a file, a folder nor a symbolic link`,
				hint: "make devices, sockets and pipes in a script instead",
			});
		else if (!(await handle(from, target)))
			await placeFile(to, target, { copyOf: from }, { mode, owner: rootOwner });
		placed += 1;
	}
	return placed;
}
