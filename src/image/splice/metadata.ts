import {
	completeListing,
	encodeFolderInode,
	folderInodeBytes,
	type LaidListing,
	layListing,
	type Placed,
} from "./folders.ts";
import {
	encodeInode,
	type FileInode,
	type Inode,
	type InodePlace,
} from "./inode.ts";
import {
	type Compressor,
	fragmentEntryBytes,
	metadataBlock,
} from "./layout.ts";
import type { NumberedFolder, Numbering } from "./number.ts";
import type { Entry, Fragment } from "./read.ts";
import { packTables, plainTable, type StoredTable } from "./write-table.ts";
import { encodeXattrSets, xattrNumbers } from "./xattr.ts";

export interface MetadataTables {
	inodes: StoredTable;
	folders: StoredTable;
	fragments: StoredTable;
	ids: StoredTable;
	/** Keys and values, and the sets of them; empty without xattrs. */
	xattrPairs: StoredTable;
	xattrSets: StoredTable;
	idCount: number;
	xattrCount: number;
	/** Reference to the root's inode. */
	root: number;
}

interface LaidFolder extends NumberedFolder {
	place: InodePlace;
	listing: LaidListing;
}

/**
 * Makes all tables of a tree. Folders' inodes name places in the folder table, whose listings name places in the
 * inode table, and both are only known when the blocks before are compressed. So what is not a folder comes first and
 * is compressed; inodes of folders follow uncompressed, at places that are then known; then listings are
 * compressed, and last the folders' inodes filled in. That takes two runs of the compressor.
 * @param moveFile gives a file the places of its data in the merged image
 */
export async function makeTables(
	{ inodes, others, folders }: Numbering,
	moveFile: (inode: FileInode) => FileInode,
	fragments: readonly Fragment[],
	compressor: Compressor,
	temp: string,
): Promise<MetadataTables> {
	const ids = idNumbers();
	const xattrs = xattrNumbers();
	const placeOf = (inode: Inode): InodePlace => ({
		...(inodes.get(inode) ?? { number: 0, links: 0 }),
		uid: ids.numberOf(inode.uid),
		gid: ids.numberOf(inode.gid),
		xattr: inode.xattrs && xattrs.numberOf(inode.xattrs),
	});

	const placed = new Map<Inode, Placed>();
	let inodeBytes = 0;
	const put = (inode: Inode, number: number, bytes: number): void => {
		placed.set(inode, { at: inodeBytes, number });
		inodeBytes += bytes;
	};
	const encoded = others.map((inode) => {
		const place = placeOf(inode);
		const bytes = encodeInode(isFile(inode) ? moveFile(inode) : inode, place);
		put(inode, place.number, bytes.length);
		return bytes;
	});
	let listingBytes = 0;
	const laid = folders.map((folder): LaidFolder => {
		const { inode } = folder.entry;
		const place = placeOf(inode);
		const listing = layListing(listed(folder.entry, placed), listingBytes);
		listingBytes += listing.bytes.length;
		put(inode, place.number, folderInodeBytes(listing, place.xattr));
		return { ...folder, place, listing };
	});

	const plain = Buffer.concat(encoded);
	// The block in which folders begin cannot be compressed any more.
	const packedBytes = plain.length - (plain.length % metadataBlock);
	const [packed, xattrPairs, fragmentTable, idTable] = (await packTables(
		[
			plain.subarray(0, packedBytes),
			Buffer.concat(xattrs.sets.map(({ pairs }) => pairs)),
			encodeFragments(fragments),
			encodeIds(ids.all),
		],
		compressor,
		temp,
	)) as [StoredTable, StoredTable, StoredTable, StoredTable];
	const inodeStarts = [...packed.starts];
	for (let at = packedBytes; at < inodeBytes; at += metadataBlock)
		inodeStarts.push(
			packed.bytes.length +
				((at - packedBytes) / metadataBlock) * (2 + metadataBlock),
		);

	const [folderTable, xattrSets] = (await packTables(
		[
			Buffer.concat(
				laid.map(({ listing }) => completeListing(listing, inodeStarts)),
			),
			encodeXattrSets(xattrs.sets, xattrPairs.starts),
		],
		compressor,
		temp,
	)) as [StoredTable, StoredTable];
	const rest = plainTable(
		Buffer.concat([
			plain.subarray(packedBytes),
			...laid.map(({ entry, place, parent, listing }) =>
				encodeFolderInode(
					entry.inode,
					{ ...place, parent },
					listing,
					folderTable.starts,
				),
			),
		]),
	);
	const rootInode = laid.at(-1)?.entry.inode;
	const root = rootInode && placed.get(rootInode);
	if (!root) throw new Error("a squashfs needs a root");
	return {
		inodes: {
			bytes: Buffer.concat([packed.bytes, rest.bytes]),
			starts: inodeStarts,
		},
		folders: folderTable,
		fragments: fragmentTable,
		ids: idTable,
		xattrPairs,
		xattrSets,
		idCount: ids.all.length,
		xattrCount: xattrs.sets.length,
		root:
			(inodeStarts[Math.floor(root.at / metadataBlock)] ?? 0) * 0x1_0000 +
			(root.at % metadataBlock),
	};
}

export function isFile(inode: Inode): inode is FileInode {
	return inode.body.type === "file";
}

function listed(
	{ children }: Entry,
	placed: ReadonlyMap<Inode, Placed>,
): Parameters<typeof layListing>[0] {
	return [...(children ?? [])].map(([name, { inode }]) => {
		const place = placed.get(inode);
		if (!place) throw new Error(`'${name}' has no place in the inode table`);
		return { ...place, name, type: inode.body.type };
	});
}

/** Numbers user and group ids in the order of their first use. */
function idNumbers(): { numberOf: (id: number) => number; all: number[] } {
	const all: number[] = [];
	const numbers = new Map<number, number>();
	const numberOf = (id: number): number => {
		const known = numbers.get(id);
		if (known !== undefined) return known;
		// The superblock counts them in 16 bits.
		if (all.length === 0xffff)
			throw new Error(
				"a squashfs cannot have more than 65535 users and groups",
			);
		numbers.set(id, all.length);
		return all.push(id) - 1;
	};
	return { numberOf, all };
}

function encodeIds(ids: readonly number[]): Buffer {
	const bytes = Buffer.alloc(4 * ids.length);
	for (const [index, id] of ids.entries()) bytes.writeUInt32LE(id, 4 * index);
	return bytes;
}

function encodeFragments(fragments: readonly Fragment[]): Buffer {
	const bytes = Buffer.alloc(fragmentEntryBytes * fragments.length);
	for (const [index, { start, sizeField }] of fragments.entries()) {
		bytes.writeBigUInt64LE(BigInt(start), fragmentEntryBytes * index);
		bytes.writeUInt32LE(sizeField, fragmentEntryBytes * index + 8);
	}
	return bytes;
}
