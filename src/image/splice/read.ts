import type { FileHandle } from "node:fs/promises";
import { decompressTable } from "./decompress.ts";
import { decodeInode, type Inode, type Listing } from "./inode.ts";
import {
	bytesOnDisk,
	decodeSuperblock,
	flags,
	fragmentEntryBytes,
	metadataBlock,
	readPosition,
	type Superblock,
	superblockBytes,
} from "./layout.ts";
import { readPlainTable, storedBlocks, type Table } from "./read-table.ts";
import { decodeXattrs, setEntryBytes, type XattrSet } from "./xattr.ts";

/** A path of an image. Hard links are several entries with the same `inode` object. */
export interface Entry {
	inode: Inode;
	/** By name, one character for each byte; undefined where this is not a folder. */
	children: Map<string, Entry> | undefined;
}

export interface Fragment {
	start: number;
	/** As in the table: the bytes on disk, and bit 24 when not compressed. */
	sizeField: number;
}

export interface Image {
	file: FileHandle;
	superblock: Superblock;
	/** The block behind the superblock, with its two bytes of length; empty without one. */
	compressorOptions: Buffer;
	fragments: readonly Fragment[];
	root: Entry;
}

/**
 * Reads all metadata of a squashfs.
 * @param index what its inodes get as `image`
 * @param temp an existing folder
 * @throws Error when it is none, is damaged, has an export table, or has metadata compressed beyond the fragment table.
 */
export async function readImage(
	file: FileHandle,
	index: number,
	temp: string,
): Promise<Image> {
	const superblock = decodeSuperblock(await readAt(file, 0, superblockBytes));
	const { inodeTable, bytesUsed, blockSize, ids: idCount } = superblock;
	if (superblock.exportTable !== undefined)
		throw new Error("the squashfs image has an export table");
	const metadata = await readAt(file, inodeTable, bytesUsed - inodeTable);
	/** Absolute positions that stand in the index of a table. */
	const indexAt = (position: number, entries: number, entryBytes: number) =>
		Array.from(
			{ length: Math.ceil((entries * entryBytes) / metadataBlock) },
			(_, block) => readPosition(metadata, position - inodeTable + 8 * block),
		);
	const plain = (what: string, start: number, end: number): Table =>
		readPlainTable(metadata, start - inodeTable, end - inodeTable, what);

	const idStart = indexAt(superblock.idTable, idCount, 4)[0];
	if (idStart === undefined)
		throw new Error("the squashfs image has no id table");
	const idBytes = plain("id", idStart, superblock.idTable).bytes;
	const ids = Array.from({ length: idCount }, (_, n) =>
		idBytes.readUInt32LE(4 * n),
	);

	const fragmentTable = superblock.fragmentTable ?? 0;
	const fragmentStart = indexAt(
		fragmentTable,
		superblock.fragments,
		fragmentEntryBytes,
	)[0];
	const fragments =
		fragmentStart === undefined
			? []
			: decodeFragments(
					await decompressTable(
						storedBlocks(
							metadata,
							fragmentStart - inodeTable,
							fragmentTable - inodeTable,
							"fragment",
						),
						superblock.compressor,
						superblock.fragments * fragmentEntryBytes,
						temp,
					),
				);

	const inodes = plain("inode", inodeTable, superblock.folderTable);
	const folders = plain(
		"directory",
		superblock.folderTable,
		fragmentStart ?? idStart,
	);
	const xattrs = readXattrs(superblock, metadata, indexAt, plain);
	const root = readTree(superblock.root, inodes, folders, {
		image: index,
		blockSize,
		ids,
		xattrs,
	});
	const compressorOptions = await readOptions(file, superblock);
	return { file, superblock, compressorOptions, fragments, root };
}

function decodeFragments(bytes: Buffer): Fragment[] {
	return Array.from({ length: bytes.length / fragmentEntryBytes }, (_, n) => ({
		start: readPosition(bytes, fragmentEntryBytes * n),
		sizeField: bytes.readUInt32LE(fragmentEntryBytes * n + 8),
	}));
}

function readXattrs(
	{ xattrTable, inodeTable }: Superblock,
	metadata: Buffer,
	indexAt: (position: number, entries: number, entryBytes: number) => number[],
	plain: (what: string, start: number, end: number) => Table,
): XattrSet[] {
	if (xattrTable === undefined) return [];
	const pairsStart = readPosition(metadata, xattrTable - inodeTable);
	const count = metadata.readUInt32LE(xattrTable - inodeTable + 8);
	const setsStart = indexAt(xattrTable + 16, count, setEntryBytes)[0];
	if (setsStart === undefined) return [];
	const sets = plain("xattr id", setsStart, xattrTable).bytes;
	return decodeXattrs(sets, plain("xattr", pairsStart, setsStart));
}

function readTree(
	root: number,
	inodes: Table,
	folders: Table,
	context: Parameters<typeof decodeInode>[2],
): Entry {
	const known = new Map<number, Entry>();
	const read = (reference: number): Entry => {
		const seen = known.get(reference);
		if (seen) {
			if (seen.children)
				throw new Error("a folder of the squashfs image is in two places");
			return seen;
		}
		const { inode, listing } = decodeInode(
			inodes.bytes,
			inodes.find(reference),
			context,
		);
		const children = listing ? new Map<string, Entry>() : undefined;
		const entry = { inode, children };
		known.set(reference, entry);
		if (listing)
			for (const [name, child] of readListing(folders, listing))
				children?.set(name, read(child));
		return entry;
	};
	return read(root);
}

/** Names, and references to their inodes. */
function* readListing(
	{ bytes, find }: Table,
	{ block, offset, bytes: length }: Listing,
): Generator<[name: string, reference: number]> {
	if (length === 0) return;
	let at = find(block * 0x1_0000 + offset);
	const end = at + length;
	while (at < end) {
		const count = bytes.readUInt32LE(at) + 1;
		const inodeBlock = bytes.readUInt32LE(at + 4);
		at += 12;
		for (let n = 0; n < count && at < end; n++) {
			const nameEnd = at + 8 + bytes.readUInt16LE(at + 6) + 1;
			const name = bytes.toString("latin1", at + 8, nameEnd);
			yield [name, inodeBlock * 0x1_0000 + bytes.readUInt16LE(at)];
			at = nameEnd;
		}
	}
}

async function readOptions(
	file: FileHandle,
	superblock: Superblock,
): Promise<Buffer> {
	if ((superblock.flags & flags.compressorOptions) === 0)
		return Buffer.alloc(0);
	const head = await readAt(file, superblockBytes, 2);
	return readAt(
		file,
		superblockBytes,
		2 + bytesOnDisk(head.readUInt16LE(0) & 0x7fff),
	);
}

/**
 * Reads exactly so many bytes.
 * @throws Error when the file ends before.
 */
async function readAt(
	file: FileHandle,
	position: number,
	length: number,
): Promise<Buffer> {
	const { size } = await file.stat();
	// Looked at first, because node aborts when asked for more than it can read.
	if (length < 0 || position + length > size)
		throw new Error("the squashfs image ends too early");
	const bytes = Buffer.alloc(length);
	await file.read(bytes, 0, length, position);
	return bytes;
}
