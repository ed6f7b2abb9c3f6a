import {
	type BigIntStats,
	lstatSync,
	readdirSync,
	readlinkSync,
} from "node:fs";
import { basename, join } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import { sha256 } from "../system/files.ts";
import { fileMode } from "../system/package-files.ts";
import type { HashFile } from "./file-hashes.ts";

/**
 * Hashes a file or a whole folder by what a build can see of it: names, kinds, permission bits,
 * link targets and content. Owners and times are left out, since a checkout does not keep them, and so are
 * modes of our own files, as far as git does not (`fileMode`).
 * @throws ExpectedError when `path` does not exist or cannot be read.
 */
export async function fingerprint(
	path: string,
	hashFile: HashFile,
): Promise<string> {
	const stats = look(path);
	return stats.isDirectory()
		? sha256(await describeFolder(path, hashFile))
		: describe(path, stats, hashFile);
}

async function describe(
	path: string,
	stats: BigIntStats,
	hashFile: HashFile,
): Promise<string> {
	const mode = fileMode(path, {
		mode: Number(stats.mode),
		isDirectory: () => stats.isDirectory(),
	}).toString(8);
	if (stats.isSymbolicLink()) return `link ${readlinkSync(path)}`;
	if (stats.isDirectory())
		return `folder ${mode} ${sha256(await describeFolder(path, hashFile))}`;
	if (stats.isFile()) return `file ${mode} ${await hashFile(path, stats)}`;
	throw new ExpectedError({
		code: "INPUT_SPECIAL_FILE",
		message: `${path} is neither a file, a folder nor a symbolic link`,
		hint: "make devices, sockets and pipes in a script instead",
	});
}

async function describeFolder(
	path: string,
	hashFile: HashFile,
): Promise<string> {
	const lines: string[] = [];
	// One after the other and without threads: most files are small, and a large one keeps the disk busy.
	for (const name of readdirSync(path).sort()) {
		const entry = join(path, name);
		lines.push(
			`${JSON.stringify(name)} ${await describe(entry, look(entry), hashFile)}`,
		);
	}
	return lines.join("\n");
}

function look(path: string): BigIntStats {
	try {
		return lstatSync(path, { bigint: true });
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
