import type { Inode } from "./inode.ts";
import type { Entry } from "./read.ts";

export interface NumberedFolder {
	entry: Entry;
	/** The number of the folder that it lies in. */
	parent: number;
}

export interface Numbering {
	/** From 1 on, by inode. */
	numbers: ReadonlyMap<Inode, number>;
	/** Paths of each inode that is not a folder; for folders, "." and the ".." of the folders in them too. */
	links: ReadonlyMap<Inode, number>;
	/** All inodes that are no folders, in the order of their numbers. */
	others: Inode[];
	/** All folders, each behind those in it; the root is the last. */
	folders: NumberedFolder[];
}

/** Numbers the inodes of a tree, those of one folder in a row, as the differences in a listing must be small. */
export function numberInodes(root: Entry): Numbering {
	const numbers = new Map<Inode, number>([[root.inode, 1]]);
	const links = new Map<Inode, number>();
	const others: Inode[] = [];
	const folders: NumberedFolder[] = [];
	const visit = (entry: Entry, parent: number): void => {
		const children = [...(entry.children?.values() ?? [])];
		for (const child of children) {
			const { inode } = child;
			if (!numbers.has(inode)) {
				numbers.set(inode, numbers.size + 1);
				if (!child.children) others.push(inode);
			}
			if (!child.children) links.set(inode, (links.get(inode) ?? 0) + 1);
		}
		const inner = children.filter((child) => child.children);
		links.set(entry.inode, 2 + inner.length);
		const number = numbers.get(entry.inode) ?? 0;
		for (const child of inner) visit(child, number);
		folders.push({ entry, parent });
	};
	visit(root, 0);
	// mksquashfs gives the root's parent the number behind the last.
	const last = folders.at(-1);
	if (last) last.parent = numbers.size + 1;
	return { numbers, links, others, folders };
}
