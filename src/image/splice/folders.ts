import {
	encodeHead,
	extended,
	type Inode,
	type InodePlace,
	inodeHeadBytes,
	types,
} from "./inode.ts";
import { metadataBlock, none } from "./layout.ts";

/** Where an inode lies: its offset in the inode table before compression, and its number. */
export interface Placed {
	at: number;
	number: number;
}

export interface Listed extends Placed {
	/** One character is one byte. */
	name: string;
	type: keyof typeof types;
}

/** A header of a listing, which says in which block of the inode table its entries' inodes are. */
interface Header {
	/** Where it is in the folder table, before compression. */
	at: number;
	inodeBlock: number;
	/** The name of its first entry. */
	name: string;
}

/** A folder's listing, laid out; which bytes the places of blocks become is not yet known. */
export interface LaidListing {
	/** Where it begins in the folder table, before compression. */
	at: number;
	bytes: Buffer;
	headers: Header[];
}

/** Entries that one header may have (SQUASHFS_DIR_COUNT). */
const headerEntries = 256;
const headerBytes = 12;

/**
 * Lays out a folder's listing at `at` of the folder table.
 * @param entries in the order of their names' bytes
 */
export function layListing(
	entries: readonly Listed[],
	at: number,
): LaidListing {
	const bytes = Buffer.alloc(
		entries.reduce((sum, { name }) => sum + headerBytes + 8 + name.length, 0),
	);
	const headers: Header[] = [];
	let to = 0;
	let count = 0;
	let header = 0;
	let first: Listed | undefined;
	for (const entry of entries) {
		const inodeBlock = Math.floor(entry.at / metadataBlock);
		const difference = entry.number - (first?.number ?? 0);
		if (
			!first ||
			count === headerEntries ||
			inodeBlock !== Math.floor(first.at / metadataBlock) ||
			difference !== (difference << 16) >> 16
		) {
			first = entry;
			count = 0;
			header = to;
			headers.push({ at: at + to, inodeBlock, name: entry.name });
			bytes.writeUInt32LE(entry.number, to + 8);
			to += headerBytes;
		}
		// It counts from 0.
		bytes.writeUInt32LE(count++, header);
		bytes.writeUInt16LE(entry.at % metadataBlock, to);
		bytes.writeInt16LE(entry.number - first.number, to + 2);
		bytes.writeUInt16LE(types[entry.type], to + 4);
		bytes.writeUInt16LE(entry.name.length - 1, to + 6);
		bytes.write(entry.name, to + 8, "latin1");
		to += 8 + entry.name.length;
	}
	return { at, bytes: bytes.subarray(0, to), headers };
}

/** Fills in where the blocks of the inode table begin. */
export function completeListing(
	listing: LaidListing,
	inodeStarts: readonly number[],
): Buffer {
	for (const { at, inodeBlock } of listing.headers)
		listing.bytes.writeUInt32LE(
			inodeStarts[inodeBlock] ?? 0,
			at - listing.at + 4,
		);
	return listing.bytes;
}

/** The headers that a large folder's index leads to: the first in each further block of the folder table. */
function indexed(listing: LaidListing): Header[] {
	let block = Math.floor(listing.at / metadataBlock);
	return listing.headers.filter(({ at }) => {
		const isFirst = Math.floor(at / metadataBlock) > block;
		if (isFirst) block = Math.floor(at / metadataBlock);
		return isFirst;
	});
}

function isLarge(listing: LaidListing, xattr: number | undefined): boolean {
	// What fits into one block needs no index, and linux looks through the rest from the start without one.
	return xattr !== undefined || listing.bytes.length > metadataBlock;
}

/** Bytes of a folder's inode, which do not depend on where anything goes. */
export function folderInodeBytes(
	listing: LaidListing,
	xattr: number | undefined,
): number {
	if (!isLarge(listing, xattr)) return inodeHeadBytes + 16;
	return indexed(listing).reduce(
		(sum, { name }) => sum + 12 + name.length,
		inodeHeadBytes + 24,
	);
}

/**
 * The bytes of a folder's inode.
 * @param place `links` counts "." and the ".." of folders in it
 * @param folderStarts where the blocks of the folder table begin
 */
export function encodeFolderInode(
	inode: Inode,
	place: InodePlace & { parent: number },
	listing: LaidListing,
	folderStarts: readonly number[],
): Buffer {
	const bytes = Buffer.alloc(folderInodeBytes(listing, place.xattr));
	const start = (at: number): number =>
		folderStarts[Math.floor(at / metadataBlock)] ?? 0;
	// Of an empty folder nothing is read, and behind the last block there would be none.
	const isEmpty = listing.bytes.length === 0;
	const block = isEmpty ? 0 : start(listing.at);
	const offset = isEmpty ? 0 : listing.at % metadataBlock;
	const size = listing.bytes.length + 3;
	if (!isLarge(listing, place.xattr)) {
		encodeHead(bytes, types.folder, inode, place);
		bytes.writeUInt32LE(block, 16);
		bytes.writeUInt32LE(place.links, 20);
		bytes.writeUInt16LE(size, 24);
		bytes.writeUInt16LE(offset, 26);
		bytes.writeUInt32LE(place.parent, 28);
		return bytes;
	}
	const index = indexed(listing);
	encodeHead(bytes, types.folder + extended, inode, place);
	bytes.writeUInt32LE(place.links, 16);
	bytes.writeUInt32LE(size, 20);
	bytes.writeUInt32LE(block, 24);
	bytes.writeUInt32LE(place.parent, 28);
	bytes.writeUInt16LE(index.length, 32);
	bytes.writeUInt16LE(offset, 34);
	bytes.writeUInt32LE(place.xattr ?? none, 36);
	let to = 40;
	for (const { at, name } of index) {
		bytes.writeUInt32LE(at - listing.at, to);
		bytes.writeUInt32LE(start(at), to + 4);
		bytes.writeUInt32LE(name.length - 1, to + 8);
		bytes.write(name, to + 12, "latin1");
		to += 12 + name.length;
	}
	return bytes;
}
