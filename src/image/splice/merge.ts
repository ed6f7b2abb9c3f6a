import type { Entry } from "./read.ts";

type Keeps = (path: string) => boolean;

/**
 * The entries of `top` over those of `base`, of which only those stay that `keeps` names.
 * What either tree has is not changed. Hard links stay the same inode object.
 * @throws Error naming a path whose parent is missing or not a folder.
 */
export function mergeTrees(base: Entry, top: Entry, keeps: Keeps): Entry {
	return merge("", base, top, keeps) ?? missing("");
}

function merge(
	path: string,
	base: Entry | undefined,
	top: Entry | undefined,
	keeps: Keeps,
): Entry | undefined {
	const winner = base && keeps(path) ? base : top;
	const children = mergeChildren(path, base, top, keeps, !winner?.children);
	return winner && { inode: winner.inode, children };
}

/** @param areLost whether they would have no folder to be in */
function mergeChildren(
	path: string,
	base: Entry | undefined,
	top: Entry | undefined,
	keeps: Keeps,
	areLost: boolean,
): Map<string, Entry> | undefined {
	const names = new Set<string>();
	for (const name of base?.children?.keys() ?? []) names.add(name);
	for (const name of top?.children?.keys() ?? []) names.add(name);
	const children = new Map<string, Entry>();
	// One character is one byte, so this is squashfs's order.
	for (const name of [...names].sort()) {
		const childPath = path === "" ? name : `${path}/${name}`;
		const child = merge(
			childPath,
			base?.children?.get(name),
			top?.children?.get(name),
			keeps,
		);
		if (!child) continue;
		if (areLost) missing(childPath);
		children.set(name, child);
	}
	return areLost ? undefined : children;
}

function missing(path: string): never {
	throw new Error(
		`'${path}' would be in the merged squashfs, but what it lies in is not there or is no folder`,
	);
}
