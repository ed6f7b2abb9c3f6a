import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import { stepFailure } from "../../system/errors.ts";

/** path_resolution(7) allows 40 links as well. */
const maximumLinks = 40;

/**
 * Where a path of the root file system lies on this machine. Links are followed as inside the root: an
 * absolute target starts at the tree, and `..` in a target stops there. A missing component ends the
 * following. The last component is followed only with `follow`.
 * @throws ExpectedError (exit code 1) when the path itself climbs out of the tree, or links loop.
 */
export function resolveInTree(
	tree: string,
	path: string,
	options: { follow?: boolean } = {},
): string {
	refuseEscape(path);
	const done: string[] = [];
	const left = path.split("/");
	let links = 0;
	while (left.length > 0) {
		const name = left.shift();
		if (!name || name === ".") continue;
		if (name === "..") {
			done.pop();
			continue;
		}
		const here = join(tree, ...done, name);
		const isLast = left.every((rest) => rest === "" || rest === ".");
		if (look(here)?.isSymbolicLink() && (!isLast || options.follow)) {
			if (++links > maximumLinks)
				throw stepFailure({
					code: "ROOTFS_LINK_LOOP",
					message: `'${path}' runs in a circle of symbolic links in the root file system`,
				});
			const target = readlinkSync(here);
			if (target.startsWith("/")) done.length = 0;
			left.unshift(...target.split("/"));
			continue;
		}
		done.push(name);
	}
	return join(tree, ...done);
}

/** lstat(2), or undefined when there is nothing. */
export function look(path: string): Stats | undefined {
	try {
		return lstatSync(path);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === "ENOENT" || code === "ENOTDIR") return undefined;
		throw error;
	}
}

function refuseEscape(path: string): void {
	if (path.includes("\0")) refuse(path);
	let depth = 0;
	for (const name of path.split("/")) {
		if (name === "" || name === ".") continue;
		depth += name === ".." ? -1 : 1;
		if (depth < 0) refuse(path);
	}
}

function refuse(path: string): never {
	throw stepFailure({
		code: "ROOTFS_PATH_ESCAPE",
		message: `'${path}' leads out of the root file system`,
		hint: "paths in the root file system start with / and may not climb above it",
	});
}
