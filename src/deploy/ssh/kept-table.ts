import { crc32 } from "node:zlib";

/** A partition that stays where it is while what is before it is overwritten; sectors of 512 bytes. */
export interface Kept {
	start: number;
	sectors: number;
}

/** A partition table with its copy: what is written to the first and to the last sectors of a disk. */
export interface Table {
	front: Buffer;
	back: Buffer;
}

const sector = 512;

/** Header and entries as dock0 writes them, 128 of 128 bytes: UEFI 2.10, 5.3. */
const entriesBytes = 128 * 128;
const entriesAt = 2 * sector;

/** Sectors of the partition table's copy at the end of a disk: entries and header. */
export const tableCopy = entriesBytes / sector + 1;

/** How much of an image `keptTable` needs: protective MBR, header, entries. */
export const tableBytes = entriesAt + entriesBytes;

/** Offsets in the GPT header: UEFI 2.10, table 5-5. */
const header = {
	bytes: 92,
	checksum: 16,
	own: 24,
	other: 32,
	lastUsable: 48,
	entries: 72,
	entriesChecksum: 88,
} as const;

/** Finds a partition by name: its entry's place in the head of a disk, if that has a table as dock0 writes it. */
export function entryOf(head: Buffer, name: string): number | undefined {
	if (head.toString("latin1", sector, sector + 8) !== "EFI PART")
		return undefined;
	for (let at = entriesAt; at + 128 <= head.length; at += 128) {
		const label = head
			.toString("utf16le", at + 56, at + 128)
			.replace(/\0[\s\S]*$/, "");
		if (label === name) return at;
	}
	return undefined;
}

/** Where the partition of an entry begins, in sectors. */
export function startOf(head: Buffer, entry: number): number {
	return Number(head.readBigUInt64LE(entry + 32));
}

/**
 * The partition table of an image, for a disk of which a partition is kept: that has its old extent, which may
 * have grown with the disk, and the table's copy lies at the disk's end.
 * @param head the first `tableBytes` of the image.
 * @param name of the partition.
 */
export function keptTable(
	head: Buffer,
	name: string,
	kept: Kept,
	diskSectors: number,
): Table {
	const front = Buffer.from(head.subarray(0, tableBytes));
	const entry = entryOf(front, name);
	const last = diskSectors - 1;
	const lastUsable = last - tableCopy;
	const end = kept.start + kept.sectors - 1;
	if (entry === undefined || startOf(front, entry) !== kept.start)
		throw new Error(`the image has no ${name} at sector ${kept.start}`);
	if (end > lastUsable)
		throw new Error(`${name} reaches beyond sector ${lastUsable}`);
	front.writeBigUInt64LE(BigInt(end), entry + 40);
	// The protective MBR's only partition is all of the disk, as far as its 32 bits reach.
	front.writeUInt32LE(Math.min(last, 0xffff_ffff), 446 + 12);
	const entries = front.subarray(entriesAt);
	const first = front.subarray(sector, entriesAt);
	first.writeBigUInt64LE(BigInt(last), header.other);
	first.writeBigUInt64LE(BigInt(lastUsable), header.lastUsable);
	first.writeUInt32LE(crc32(entries), header.entriesChecksum);
	const second = Buffer.from(first);
	second.writeBigUInt64LE(BigInt(last), header.own);
	second.writeBigUInt64LE(1n, header.other);
	second.writeBigUInt64LE(BigInt(lastUsable + 1), header.entries);
	for (const one of [first, second]) {
		one.writeUInt32LE(0, header.checksum);
		one.writeUInt32LE(crc32(one.subarray(0, header.bytes)), header.checksum);
	}
	return { front, back: Buffer.concat([entries, second]) };
}
