/**
 * The layout of squashfs 4.0, all little-endian. Source of all numbers in this folder: Linux,
 * fs/squashfs/squashfs_fs.h, and the description at https://dr-emann.github.io/squashfs/.
 */

/** Bytes of metadata in one block of a table, before compression; only a table's last block has fewer. */
export const metadataBlock = 8192;
export const superblockBytes = 96;
/** "No such table", in the superblock. */
export const noTable = 0xffff_ffff_ffff_ffffn;
/** "None", where a fragment's or a set of xattrs' number stands. */
export const none = 0xffff_ffff;
export const fragmentEntryBytes = 16;
const magic = 0x7371_7368;

/** Compressors by their number in the superblock. */
export const compressors = {
	gzip: 1,
	lzma: 2,
	lzo: 3,
	xz: 4,
	lz4: 5,
	zstd: 6,
} as const;
export type Compressor = keyof typeof compressors;

/** Those whose images can be read here: by Node.js, or by a program of the compressor's name. */
export const readableCompressors: readonly Compressor[] = [
	"zstd",
	"gzip",
	"xz",
];

/** The bits of the superblock's flags. */
export const flags = {
	inodesPlain: 0x1,
	dataPlain: 0x2,
	fragmentsPlain: 0x8,
	noFragments: 0x10,
	alwaysFragments: 0x20,
	duplicatesRemoved: 0x40,
	xattrsPlain: 0x100,
	noXattrs: 0x200,
	compressorOptions: 0x400,
	idsPlain: 0x800,
} as const;

export interface Superblock {
	inodes: number;
	/** Seconds since 1970. */
	time: number;
	blockSize: number;
	fragments: number;
	compressor: Compressor;
	flags: number;
	ids: number;
	/** Where the root's inode is: its block's offset in the inode table << 16 | its offset in the block. */
	root: number;
	bytesUsed: number;
	idTable: number;
	/** Undefined when there are no xattrs. */
	xattrTable: number | undefined;
	inodeTable: number;
	folderTable: number;
	fragmentTable: number | undefined;
	/** The table for NFS. */
	exportTable: number | undefined;
}

/**
 * Reads a superblock.
 * @throws Error when these are not the first bytes of a squashfs 4.0.
 */
export function decodeSuperblock(bytes: Buffer): Superblock {
	if (bytes.length < superblockBytes || bytes.readUInt32LE(0) !== magic)
		throw new Error("not a squashfs image");
	if (bytes.readUInt16LE(28) !== 4 || bytes.readUInt16LE(30) !== 0)
		throw new Error(
			`squashfs ${bytes.readUInt16LE(28)}.${bytes.readUInt16LE(30)} is not 4.0`,
		);
	const number = bytes.readUInt16LE(20);
	const compressor = (Object.keys(compressors) as Compressor[]).find(
		(name) => compressors[name] === number,
	);
	if (!compressor) throw new Error(`unknown squashfs compressor ${number}`);
	const table = (offset: number): number | undefined =>
		bytes.readBigUInt64LE(offset) === noTable
			? undefined
			: readPosition(bytes, offset);
	return {
		inodes: bytes.readUInt32LE(4),
		time: bytes.readUInt32LE(8),
		blockSize: bytes.readUInt32LE(12),
		fragments: bytes.readUInt32LE(16),
		compressor,
		flags: bytes.readUInt16LE(24),
		ids: bytes.readUInt16LE(26),
		root: readPosition(bytes, 32),
		bytesUsed: readPosition(bytes, 40),
		idTable: readPosition(bytes, 48),
		xattrTable: table(56),
		inodeTable: readPosition(bytes, 64),
		folderTable: readPosition(bytes, 72),
		fragmentTable: table(80),
		exportTable: table(88),
	};
}

/** The 96 bytes of a superblock. */
export function encodeSuperblock(superblock: Superblock): Buffer {
	const bytes = Buffer.alloc(superblockBytes);
	const table = (value: number | undefined): bigint =>
		value === undefined ? noTable : BigInt(value);
	bytes.writeUInt32LE(magic, 0);
	bytes.writeUInt32LE(superblock.inodes, 4);
	bytes.writeUInt32LE(superblock.time, 8);
	bytes.writeUInt32LE(superblock.blockSize, 12);
	bytes.writeUInt32LE(superblock.fragments, 16);
	bytes.writeUInt16LE(compressors[superblock.compressor], 20);
	bytes.writeUInt16LE(Math.log2(superblock.blockSize), 22);
	bytes.writeUInt16LE(superblock.flags, 24);
	bytes.writeUInt16LE(superblock.ids, 26);
	bytes.writeUInt16LE(4, 28);
	bytes.writeUInt16LE(0, 30);
	bytes.writeBigUInt64LE(BigInt(superblock.root), 32);
	bytes.writeBigUInt64LE(BigInt(superblock.bytesUsed), 40);
	bytes.writeBigUInt64LE(BigInt(superblock.idTable), 48);
	bytes.writeBigUInt64LE(table(superblock.xattrTable), 56);
	bytes.writeBigUInt64LE(BigInt(superblock.inodeTable), 64);
	bytes.writeBigUInt64LE(BigInt(superblock.folderTable), 72);
	bytes.writeBigUInt64LE(table(superblock.fragmentTable), 80);
	bytes.writeBigUInt64LE(table(superblock.exportTable), 88);
	return bytes;
}

/**
 * A 64-bit number as a JavaScript one.
 * @throws Error when it is larger than any place in a file can be.
 */
export function readPosition(bytes: Buffer, offset: number): number {
	const value = bytes.readBigUInt64LE(offset);
	if (value > BigInt(Number.MAX_SAFE_INTEGER))
		throw new Error(`a squashfs image says ${value} where a position stands`);
	return Number(value);
}

/** Bytes on disk of a data or fragment block, from its size field: bit 24 says "not compressed". */
export function bytesOnDisk(sizeField: number): number {
	return sizeField & 0xff_ffff;
}
