import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

let root: string | undefined;

/**
 * Absolute path of a file that ships with dock0, given relative to the package's root; works from the
 * sources and from the bundle alike.
 */
export function packageFile(path: string): string {
	root ??= findRoot();
	return join(root, path);
}

/** Folders that a checkout or an unpacked package gives modes by the umask of whoever made it. */
const ownFolders = ["profiles", "templates", "src", "examples", "test"];

/** Whether a file is one of dock0's own, and no user's. */
export function isOwnFile(path: string): boolean {
	return ownFolders.some((folder) =>
		resolve(path).startsWith(`${packageFile(folder)}/`),
	);
}

/**
 * The permission bits that count for a file: a user's own are what they are, of ours only git's kind of it,
 * so that they are the same whatever umask dock0 was checked out or installed with.
 */
export function fileMode(
	path: string,
	stats: { mode: number; isDirectory(): boolean },
): number {
	return isOwnFile(path) ? plainMode(stats) : stats.mode & 0o7777;
}

/** 0755 for folders and what can be run, else 0644. */
export function plainMode(stats: {
	mode: number;
	isDirectory(): boolean;
}): number {
	return stats.isDirectory() || (stats.mode & 0o100) !== 0 ? 0o755 : 0o644;
}

/** Our own version, from package.json. */
export function packageVersion(): string {
	const text = readFileSync(packageFile("package.json"), "utf8");
	return (JSON.parse(text) as { version: string }).version;
}

function findRoot(): string {
	let folder = dirname(fileURLToPath(import.meta.url));
	while (!existsSync(join(folder, "package.json"))) {
		const parent = dirname(folder);
		if (parent === folder) throw new Error("package.json of dock0 not found");
		folder = parent;
	}
	return folder;
}
