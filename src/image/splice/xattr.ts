import { metadataBlock, readPosition } from "./layout.ts";
import type { Table } from "./read-table.ts";

/** The extended attributes of one inode. */
export interface XattrSet {
	/** Keys and values as in the table, with each value beside its key. */
	pairs: Buffer;
	count: number;
	/** What listxattr(2) needs, in bytes: names with prefixes and zeros. */
	listBytes: number;
}

/** Added to a key's type when its value is a reference to one elsewhere in the table. */
const elsewhere = 0x100;
/** Bytes of an entry of the table of sets. */
export const setEntryBytes = 16;

/**
 * Reads the sets of the two tables.
 * @param sets entries of `setEntryBytes`
 * @throws Error when a reference leads nowhere.
 */
export function decodeXattrs(sets: Buffer, pairs: Table): XattrSet[] {
	const result: XattrSet[] = [];
	for (let at = 0; at < sets.length; at += setEntryBytes) {
		const count = sets.readUInt32LE(at + 8);
		result.push({
			pairs: pairsOf(pairs, readPosition(sets, at), count),
			count,
			listBytes: sets.readUInt32LE(at + 12),
		});
	}
	return result;
}

function pairsOf(table: Table, reference: number, count: number): Buffer {
	const parts: Buffer[] = [];
	let at = table.find(reference);
	for (let n = 0; n < count; n++) {
		const type = table.bytes.readUInt16LE(at);
		const keyEnd = at + 4 + table.bytes.readUInt16LE(at + 2);
		const key = Buffer.from(table.bytes.subarray(at, keyEnd));
		key.writeUInt16LE(type & ~elsewhere, 0);
		const inline = valueAt(table.bytes, keyEnd);
		const value =
			type & elsewhere
				? valueAt(table.bytes, table.find(readPosition(inline, 4)))
				: inline;
		parts.push(key, value);
		at = keyEnd + inline.length;
	}
	return Buffer.concat(parts);
}

/** A value with the 4 bytes of its length before it. */
function valueAt(bytes: Buffer, at: number): Buffer {
	const end = at + 4 + bytes.readUInt32LE(at);
	if (end > bytes.length)
		throw new Error("an xattr of a squashfs image is longer than its table");
	return bytes.subarray(at, end);
}

/** Gives each different set one number, in the order of their first use. */
export function xattrNumbers(): {
	numberOf: (set: XattrSet) => number;
	/** All sets so far. */
	sets: XattrSet[];
} {
	const sets: XattrSet[] = [];
	const numbers = new Map<string, number>();
	const numberOf = (set: XattrSet): number => {
		const key = set.pairs.toString("latin1");
		const known = numbers.get(key);
		if (known !== undefined) return known;
		numbers.set(key, sets.length);
		return sets.push(set) - 1;
	};
	return { numberOf, sets };
}

/**
 * The table of sets, once it is known where the blocks of their keys and values went.
 * @param starts offset in the table of keys and values of each of its blocks
 */
export function encodeXattrSets(
	sets: readonly XattrSet[],
	starts: readonly number[],
): Buffer {
	const bytes = Buffer.alloc(sets.length * setEntryBytes);
	let at = 0;
	for (const [index, set] of sets.entries()) {
		const start = starts[Math.floor(at / metadataBlock)] ?? 0;
		const entry = index * setEntryBytes;
		bytes.writeBigUInt64LE(
			BigInt(start * 0x1_0000 + (at % metadataBlock)),
			entry,
		);
		bytes.writeUInt32LE(set.count, entry + 8);
		bytes.writeUInt32LE(set.listBytes, entry + 12);
		at += set.pairs.length;
	}
	return bytes;
}
