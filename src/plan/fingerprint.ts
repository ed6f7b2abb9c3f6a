import type { Stats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import { sha256, sha256File } from "../system/files.ts";

/**
 * Hashes a file or a whole folder by what a build can see of it: names, kinds, permission bits,
 * link targets and content. Owners and times are left out, since a checkout does not keep them.
 * @throws ExpectedError when `path` does not exist or cannot be read.
 */
export async function fingerprint(path: string): Promise<string> {
	const stats = await look(path);
	return stats.isDirectory()
		? sha256(await describeFolder(path))
		: describe(path, stats);
}

async function describe(path: string, stats: Stats): Promise<string> {
	const mode = (stats.mode & 0o7777).toString(8);
	if (stats.isSymbolicLink()) return `link ${await readlink(path)}`;
	if (stats.isDirectory())
		return `folder ${mode} ${sha256(await describeFolder(path))}`;
	if (stats.isFile()) return `file ${mode} ${await sha256File(path)}`;
	throw new ExpectedError({
		code: "INPUT_SPECIAL_FILE",
		message: `${path} is neither a file, a folder nor a symbolic link`,
		hint: "make devices, sockets and pipes in a script instead",
	});
}

async function describeFolder(path: string): Promise<string> {
	const names = (await readdir(path)).sort();
	const lines = await Promise.all(
		names.map(async (name) => {
			const entry = join(path, name);
			return `${JSON.stringify(name)} ${await describe(entry, await look(entry))}`;
		}),
	);
	return lines.join("\n");
}

async function look(path: string): Promise<Stats> {
	try {
		return await lstat(path);
	} catch (error) {
		throw new ExpectedError(
			{
				code: "INPUT_UNREADABLE",
				message: `cannot read ${path}: ${error instanceof Error ? error.message : basename(path)}`,
				hint: "check the path in the config; it is relative to the file that names it",
			},
			{ cause: error },
		);
	}
}
