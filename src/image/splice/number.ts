import type { Inode } from "./inode.ts";
import type { Entry } from "./read.ts";

export interface NumberedInode {
	/** From 1 on. */
	number: number;
	/** Its paths; of a folder, with "." and the ".." of the folders in it. */
	links: number;
}

export interface NumberedFolder {
	entry: Entry;
	/** The number of the folder that it lies in. */
	parent: number;
}

export interface Numbering {
	inodes: ReadonlyMap<Inode, NumberedInode>;
	/** All inodes that are no folders, in the order of their numbers. */
	others: Inode[];
	/** All folders, each behind those in it; the root is the last. */
	folders: NumberedFolder[];
}

/** Numbers the inodes of a tree, those of one folder in a row, as the differences in a listing must be small. */
export function numberInodes(root: Entry): Numbering {
	const inodes = new Map<Inode, NumberedInode>();
	const others: Inode[] = [];
	const folders: NumberedFolder[] = [];
	const add = (inode: Inode, links: number): NumberedInode => {
		const numbered = { number: inodes.size + 1, links };
		inodes.set(inode, numbered);
		return numbered;
	};
	const visit = (entry: Entry, number: number, parent: number): void => {
		const inner: { entry: Entry; number: number }[] = [];
		for (const child of entry.children?.values() ?? []) {
			const { inode } = child;
			const known = inodes.get(inode);
			if (known) known.links++;
			else if (child.children) {
				const links = 2 + foldersIn(child);
				inner.push({ entry: child, number: add(inode, links).number });
			} else {
				add(inode, 1);
				others.push(inode);
			}
		}
		for (const folder of inner) visit(folder.entry, folder.number, number);
		folders.push({ entry, parent });
	};
	visit(root, add(root.inode, 2 + foldersIn(root)).number, 0);
	// mksquashfs gives the root's parent the number behind the last.
	const last = folders.at(-1);
	if (last) last.parent = inodes.size + 1;
	return { inodes, others, folders };
}

function foldersIn({ children }: Entry): number {
	let count = 0;
	for (const child of children?.values() ?? []) if (child.children) count++;
	return count;
}
