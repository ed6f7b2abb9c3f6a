import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { writeAt } from "../../system/files.ts";
import { canCompress } from "./compress.ts";
import { copyData, type Relocation, relocate } from "./data.ts";
import type { FileInode } from "./inode.ts";
import {
	encodeSuperblock,
	flags,
	type Superblock,
	superblockBytes,
} from "./layout.ts";
import { mergeTrees } from "./merge.ts";
import { isFile, type MetadataTables, makeTables } from "./metadata.ts";
import { numberInodes } from "./number.ts";
import { type Image, readImage } from "./read.ts";
import { tableIndex } from "./write-table.ts";

export interface SpliceOptions {
	/** Squashfs of the lower tree. */
	base: string;
	/** Squashfs of what lies over it. */
	top: string;
	/** Written; must not exist. */
	out: string;
	/**
	 * Which entries of `base` stay as they are (path without leading slash, a character for each byte as in `latin1`; ""
	 * is the root), metadata and all, whatever `top` has there. Of a folder that stays, the content is that of both.
	 */
	keeps: (path: string) => boolean;
	/** Seconds since 1970 for the superblock's mkfs time. */
	epoch: number;
}

/** mksquashfs pads its images to so many bytes. */
const padding = 4096;

/**
 * Merges two squashfs 4.0 images into a third without compressing file data again: it has all paths of `top`, and
 * those of `base` that are kept. Both images are of mksquashfs with the same compressor, block size and options, and
 * with -no-exports -noI -noId -noX. The same inputs give the same bytes.
 * @throws Error when the images do not fit together or have compressed metadata, or a path would have no folder to lie
 * in; `out` is removed again. ExpectedError (exit code 1) when the zstd program is needed and missing.
 */
export async function spliceSquashfs(options: SpliceOptions): Promise<void> {
	const handles: FileHandle[] = [];
	const opened = async (path: string, mode: string): Promise<FileHandle> => {
		const handle = await open(path, mode);
		handles.push(handle);
		return handle;
	};
	const base = await opened(options.base, "r");
	let isOurs = false;
	let temp: string | undefined;
	try {
		const top = await opened(options.top, "r");
		const out = await opened(options.out, "wx");
		isOurs = true;
		temp = await mkdtemp(`${options.out}.splice-`);
		await splice(base, top, out, options, temp);
	} catch (error) {
		if (isOurs) await rm(options.out, { force: true });
		throw error;
	} finally {
		await Promise.all(handles.map((handle) => handle.close()));
		if (temp) await rm(temp, { recursive: true, force: true });
	}
}

async function splice(
	baseFile: FileHandle,
	topFile: FileHandle,
	out: FileHandle,
	{ keeps, epoch }: SpliceOptions,
	temp: string,
): Promise<void> {
	const [base, top] = await Promise.all([
		readImage(baseFile, 0, temp),
		readImage(topFile, 1, temp),
	]);
	requireAlike(base, top);
	const numbering = numberInodes(mergeTrees(base.root, top.root, keeps));

	const dataStart = superblockBytes + base.compressorOptions.length;
	const filesOf = (image: number): FileInode[] =>
		numbering.others.filter(isFile).filter((inode) => inode.image === image);
	const lower = relocate(filesOf(0), base.fragments, dataStart, 0);
	const upper = relocate(
		filesOf(1),
		top.fragments,
		lower.end,
		lower.fragments.length,
	);
	const fragments = [...lower.fragments, ...upper.fragments];
	const copying = copyBoth(base, lower, top, upper, out);
	const making = makeTables(
		numbering,
		(inode) => (inode.image === 0 ? lower : upper).moveFile(inode),
		fragments,
		base.superblock.compressor,
		temp,
	);
	// Both have ended before files are closed, whichever fails.
	await Promise.allSettled([copying, making]);
	await copying;
	const tables = await making;

	const { bytes, superblock } = assemble(tables, upper.end, {
		...base.superblock,
		inodes: numbering.inodes.size,
		time: epoch,
		fragments: fragments.length,
		flags: mergedFlags(base.superblock, top.superblock, tables),
	});
	await writeAt(out, bytes, upper.end);
	await writeAt(
		out,
		Buffer.concat([encodeSuperblock(superblock), base.compressorOptions]),
		0,
	);
	await out.truncate(Math.ceil(superblock.bytesUsed / padding) * padding);
}

function requireAlike(base: Image, top: Image): void {
	const { compressor, blockSize } = base.superblock;
	const other = top.superblock;
	if (compressor !== other.compressor)
		throw new Error(
			`the squashfs images have different compressors: ${compressor} and ${other.compressor}`,
		);
	if (blockSize !== other.blockSize)
		throw new Error(
			`the squashfs images have different block sizes: ${blockSize} and ${other.blockSize}`,
		);
	if (!base.compressorOptions.equals(top.compressorOptions))
		throw new Error(
			`the squashfs images have different options of their compressor ${compressor}`,
		);
}

async function copyBoth(
	base: Image,
	lower: Relocation,
	top: Image,
	upper: Relocation,
	out: FileHandle,
): Promise<void> {
	await copyData(base.file, out, lower);
	await copyData(top.file, out, upper);
}

/** They only inform; each is set where it is true of the whole image. */
function mergedFlags(
	base: Superblock,
	top: Superblock,
	{ xattrCount }: MetadataTables,
): number {
	const common =
		base.flags &
		top.flags &
		(flags.dataPlain |
			flags.fragmentsPlain |
			flags.noFragments |
			flags.alwaysFragments |
			flags.duplicatesRemoved |
			flags.compressorOptions);
	const plain = canCompress(base.compressor)
		? 0
		: flags.inodesPlain | flags.idsPlain | flags.xattrsPlain;
	return common | plain | (xattrCount === 0 ? flags.noXattrs : 0);
}

/** Puts the tables one behind the other, from `start` of the image on, in the order that Linux demands. */
function assemble(
	tables: MetadataTables,
	start: number,
	facts: Superblock,
): { bytes: Buffer; superblock: Superblock } {
	const parts: Buffer[] = [];
	let end = start;
	/** Returns where it is. */
	const add = (bytes: Buffer): number => {
		parts.push(bytes);
		end += bytes.length;
		return end - bytes.length;
	};
	const inodeTable = add(tables.inodes.bytes);
	const folderTable = add(tables.folders.bytes);
	const fragmentBlocks = add(tables.fragments.bytes);
	const fragmentTable = add(tableIndex(tables.fragments, fragmentBlocks));
	const idBlocks = add(tables.ids.bytes);
	const idTable = add(tableIndex(tables.ids, idBlocks));
	let xattrTable: number | undefined;
	if (tables.xattrCount > 0) {
		const pairs = add(tables.xattrPairs.bytes);
		const sets = add(tables.xattrSets.bytes);
		const head = Buffer.alloc(16);
		head.writeBigUInt64LE(BigInt(pairs), 0);
		head.writeUInt32LE(tables.xattrCount, 8);
		xattrTable = add(head);
		add(tableIndex(tables.xattrSets, sets));
	}
	const superblock = {
		...facts,
		ids: tables.idCount,
		root: tables.root,
		bytesUsed: end,
		inodeTable,
		folderTable,
		fragmentTable,
		idTable,
		xattrTable,
		exportTable: undefined,
	};
	return { bytes: Buffer.concat(parts), superblock };
}
