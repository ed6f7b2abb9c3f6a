import { open } from "node:fs/promises";
import { run } from "../../../src/system/process.ts";

/** A write, or a flush, that a guest has sent to its disk. */
export interface LoggedWrite {
	flush: boolean;
	/** Bytes from the disk's start. */
	at: number;
	bytes: number;
	/** Where the data lies in the log; undefined for a discard, which leaves zeros. */
	dataAt?: number;
	/** Length of the log once this was in it. */
	end: number;
}

const sector = 512;
/** Flags of QEMU's block/blklogwrites.c, the format of Linux' dm-log-writes. */
const flags = { flush: 1, discard: 4 } as const;

/** Reads what `-blockdev driver=blklogwrites` has recorded; an entry that is cut off ends it. */
export async function readBlockLog(file: string): Promise<LoggedWrite[]> {
	const handle = await open(file);
	const writes: LoggedWrite[] = [];
	try {
		const { size } = await handle.stat();
		const entry = Buffer.alloc(32);
		for (let position = sector; position + sector <= size; ) {
			await handle.read(entry, 0, entry.length, position);
			const [start, count, flag] = [0, 8, 16].map((offset) =>
				Number(entry.readBigUInt64LE(offset)),
			) as [number, number, number];
			if (count === 0 && flag === 0) break;
			// QEMU leaves the field for the data's length alone.
			const data = (flag & flags.discard) === 0 ? count * sector : 0;
			const end = position + sector + data;
			if (end > size) break;
			writes.push({
				flush: (flag & flags.flush) !== 0,
				at: start * sector,
				bytes: count * sector,
				...(data > 0 ? { dataAt: position + sector } : {}),
				end,
			});
			position = end;
		}
	} finally {
		await handle.close();
	}
	return writes;
}

/**
 * Makes the disk as a power cut after the first `count` entries may leave it: what was flushed is there, and of each
 * later write any of its sectors may be.
 * @param base the disk before the first entry.
 */
export async function diskAfterPowerCut(options: {
	base: string;
	target: string;
	log: string;
	writes: readonly LoggedWrite[];
	count: number;
	random: () => number;
}): Promise<void> {
	const { base, target, log, writes, count, random } = options;
	await run("cp", ["--sparse=always", base, target]);
	const done = writes.slice(0, count);
	const safe = done.findLastIndex(({ flush }) => flush);
	const from = await open(log);
	const to = await open(target, "r+");
	try {
		for (const [index, write] of done.entries()) {
			if (write.bytes === 0) continue;
			const data = Buffer.alloc(write.bytes);
			if (write.dataAt !== undefined)
				await from.read(data, 0, data.length, write.dataAt);
			if (index <= safe) await to.write(data, 0, data.length, write.at);
			else await writeSome(to, data, write.at, random);
		}
	} finally {
		await from.close();
		await to.close();
	}
}

/** A third each: all of it, none of it, or some of its sectors. */
async function writeSome(
	to: Awaited<ReturnType<typeof open>>,
	data: Buffer,
	at: number,
	random: () => number,
): Promise<void> {
	const kind = random();
	if (kind < 1 / 3) return;
	for (let offset = 0; offset < data.length; offset += sector)
		if (kind > 2 / 3 || random() < 0.5)
			await to.write(data, offset, sector, at + offset);
}
