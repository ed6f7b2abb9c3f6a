import { none, readPosition } from "./layout.ts";
import type { XattrSet } from "./xattr.ts";

/** Numbers of the basic types; the extended one of each is 7 more. */
export const types = {
	folder: 1,
	file: 2,
	symlink: 3,
	block: 4,
	character: 5,
	fifo: 6,
	socket: 7,
} as const;
export const extended = 7;
export const inodeHeadBytes = 16;

export interface FileBody {
	type: "file";
	/** Bytes of its content, and how many of them are in holes. */
	size: number;
	sparse: number;
	/** Where its blocks begin in the image. */
	start: number;
	/** Size fields of its blocks as on disk, 4 bytes each; 0 is a hole. */
	blocks: Buffer;
	/** Number of the fragment block that holds its tail, and where in that it begins. */
	fragment: number | undefined;
	fragmentOffset: number;
}

export type Body =
	| { type: "folder" }
	| FileBody
	| { type: "symlink"; target: Buffer }
	| { type: "block" | "character"; device: number }
	| { type: "fifo" | "socket" };

export interface Inode<B extends Body = Body> {
	/** Which image it is of: 0 is the base, 1 the top. */
	image: number;
	/** Permissions only. */
	mode: number;
	uid: number;
	gid: number;
	/** Seconds since 1970. */
	time: number;
	xattrs: XattrSet | undefined;
	body: B;
}
export type FileInode = Inode<FileBody>;

/** Where the listing of a folder is in the folder table; `bytes` is without the 3 of "." and "..". */
export interface Listing {
	block: number;
	offset: number;
	bytes: number;
}

export interface InodeContext {
	image: number;
	blockSize: number;
	ids: readonly number[];
	xattrs: readonly XattrSet[];
}

/**
 * Reads the inode at `at` in the inode table.
 * @throws Error (a RangeError where the table ends too early) when it is damaged.
 */
export function decodeInode(
	table: Buffer,
	at: number,
	context: InodeContext,
): { inode: Inode; listing: Listing | undefined } {
	const number = table.readUInt16LE(at);
	const isExtended = number > extended;
	const basic = isExtended ? number - extended : number;
	const { body, listing, xattr } = decodeBody(
		table,
		at,
		basic,
		isExtended,
		context,
	);
	return {
		inode: {
			image: context.image,
			mode: table.readUInt16LE(at + 2),
			uid: item(context.ids, table.readUInt16LE(at + 4), "user"),
			gid: item(context.ids, table.readUInt16LE(at + 6), "group"),
			time: table.readUInt32LE(at + 8),
			xattrs:
				xattr === none ? undefined : item(context.xattrs, xattr, "xattr set"),
			body,
		},
		listing,
	};
}

interface Decoded {
	body: Body;
	listing?: Listing | undefined;
	xattr: number;
}

function decodeBody(
	table: Buffer,
	at: number,
	basic: number,
	isExtended: boolean,
	{ blockSize }: InodeContext,
): Decoded {
	const u32 = (offset: number): number => table.readUInt32LE(at + offset);
	const xattrAt = (offset: number): number => (isExtended ? u32(offset) : none);
	switch (basic) {
		case types.folder: {
			const size = isExtended ? u32(20) : table.readUInt16LE(at + 24);
			const listing = {
				block: u32(isExtended ? 24 : 16),
				offset: table.readUInt16LE(at + (isExtended ? 34 : 26)),
				// Linux counts "." and ".." as 3 bytes.
				bytes: Math.max(0, size - 3),
			};
			return { body: { type: "folder" }, listing, xattr: xattrAt(36) };
		}
		case types.file: {
			const size = isExtended ? readPosition(table, at + 24) : u32(28);
			const fragment = u32(isExtended ? 44 : 20);
			const count = Math.floor(
				(size + (fragment === none ? blockSize - 1 : 0)) / blockSize,
			);
			const list = at + (isExtended ? 56 : 32);
			if (list + 4 * count > table.length)
				throw new Error("a squashfs inode is longer than its table");
			const body = {
				type: "file" as const,
				size,
				sparse: isExtended ? readPosition(table, at + 32) : 0,
				start: isExtended ? readPosition(table, at + 16) : u32(16),
				blocks: table.subarray(list, list + 4 * count),
				fragment: fragment === none ? undefined : fragment,
				fragmentOffset: u32(isExtended ? 48 : 24),
			};
			return { body, xattr: xattrAt(52) };
		}
		case types.symlink: {
			const end = 24 + u32(20);
			if (at + end > table.length)
				throw new Error("a squashfs inode is longer than its table");
			const target = table.subarray(at + 24, at + end);
			return { body: { type: "symlink", target }, xattr: xattrAt(end) };
		}
		case types.block:
		case types.character: {
			const type = basic === types.block ? "block" : "character";
			return { body: { type, device: u32(20) }, xattr: xattrAt(24) };
		}
		case types.fifo:
		case types.socket: {
			const type = basic === types.fifo ? "fifo" : "socket";
			return { body: { type }, xattr: xattrAt(20) };
		}
		default:
			throw new Error(`a squashfs inode has the unknown type ${basic}`);
	}
}

function item<T>(list: readonly T[], index: number, what: string): T {
	const found = list[index];
	if (found === undefined)
		throw new Error(`a squashfs inode has ${what} ${index}, which is missing`);
	return found;
}

/** What an inode says of the merged image, and not of the one it came from. */
export interface InodePlace {
	number: number;
	links: number;
	uid: number;
	gid: number;
	/** Number of its set of xattrs. */
	xattr: number | undefined;
}

/** The first bytes of every inode. */
export function encodeHead(
	bytes: Buffer,
	type: number,
	inode: Inode,
	place: InodePlace,
): void {
	bytes.writeUInt16LE(type, 0);
	bytes.writeUInt16LE(inode.mode, 2);
	bytes.writeUInt16LE(place.uid, 4);
	bytes.writeUInt16LE(place.gid, 6);
	bytes.writeUInt32LE(inode.time, 8);
	bytes.writeUInt32LE(place.number, 12);
}

/**
 * The bytes of an inode that is not a folder; a file's with the places of its data already the new ones.
 * The extended type is taken only where the basic one has no room.
 */
export function encodeInode(inode: Inode, place: InodePlace): Buffer {
	const { body } = inode;
	const xattr = place.xattr ?? none;
	const withXattr = place.xattr !== undefined;
	const isExtended =
		withXattr || (body.type === "file" && isLarge(body, place));
	const type = types[body.type] + (isExtended ? extended : 0);
	let bytes: Buffer;
	switch (body.type) {
		case "file":
			bytes = isExtended
				? encodeExtendedFile(body, place.links, xattr)
				: encodeFile(body);
			break;
		case "symlink":
			bytes = Buffer.allocUnsafe(24 + body.target.length + (withXattr ? 4 : 0));
			bytes.writeUInt32LE(place.links, 16);
			bytes.writeUInt32LE(body.target.length, 20);
			body.target.copy(bytes, 24);
			break;
		case "block":
		case "character":
			bytes = Buffer.allocUnsafe(withXattr ? 28 : 24);
			bytes.writeUInt32LE(place.links, 16);
			bytes.writeUInt32LE(body.device, 20);
			break;
		case "folder":
			throw new Error("a folder's inode is not made here");
		default:
			bytes = Buffer.allocUnsafe(withXattr ? 24 : 20);
			bytes.writeUInt32LE(place.links, 16);
	}
	if (withXattr && body.type !== "file")
		bytes.writeUInt32LE(xattr, bytes.length - 4);
	encodeHead(bytes, type, inode, place);
	return bytes;
}

function isLarge(body: FileBody, place: InodePlace): boolean {
	return (
		place.links > 1 ||
		body.sparse > 0 ||
		body.size > 0xffff_ffff ||
		body.start > 0xffff_ffff
	);
}

function encodeFile(body: FileBody): Buffer {
	const bytes = Buffer.allocUnsafe(32 + body.blocks.length);
	bytes.writeUInt32LE(body.start, 16);
	bytes.writeUInt32LE(body.fragment ?? none, 20);
	bytes.writeUInt32LE(body.fragmentOffset, 24);
	bytes.writeUInt32LE(body.size, 28);
	body.blocks.copy(bytes, 32);
	return bytes;
}

function encodeExtendedFile(
	body: FileBody,
	links: number,
	xattr: number,
): Buffer {
	const bytes = Buffer.allocUnsafe(56 + body.blocks.length);
	bytes.writeBigUInt64LE(BigInt(body.start), 16);
	bytes.writeBigUInt64LE(BigInt(body.size), 24);
	bytes.writeBigUInt64LE(BigInt(body.sparse), 32);
	bytes.writeUInt32LE(links, 40);
	bytes.writeUInt32LE(body.fragment ?? none, 44);
	bytes.writeUInt32LE(body.fragmentOffset, 48);
	bytes.writeUInt32LE(xattr, 52);
	body.blocks.copy(bytes, 56);
	return bytes;
}
