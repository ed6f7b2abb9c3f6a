import type { FileHandle } from "node:fs/promises";
import { writeAt } from "../../system/files.ts";
import type { FileInode } from "./inode.ts";
import { bytesOnDisk } from "./layout.ts";
import type { Fragment } from "./read.ts";

interface Run {
	start: number;
	end: number;
}

/** What of an image's data goes to where in the merged one. */
export interface Relocation {
	/** Apart from each other, in ascending order; they come one directly after the other at `to`. */
	runs: readonly Run[];
	/** Where the first run goes, and where the last one ends, in bytes. */
	to: number;
	end: number;
	/** The fragment blocks that stay, at their new places. */
	fragments: readonly Fragment[];
	/** What a file's inode says once its data has moved. */
	moveFile(inode: FileInode): FileInode;
}

/**
 * Lays out the data of an image's surviving files from `to` on, in the order in which the image has it.
 * mksquashfs lets files with the same blocks share them, so runs may overlap or lie in each other.
 * @param firstFragment the new number of its first fragment block
 * @throws Error when a file has a fragment that the image lacks.
 */
export function relocate(
	files: Iterable<FileInode>,
	fragments: readonly Fragment[],
	to: number,
	firstFragment: number,
): Relocation {
	const live: Run[] = [];
	const used = new Set<number>();
	for (const { body } of files) {
		if (body.fragment !== undefined) used.add(body.fragment);
		const bytes = dataBytes(body.blocks);
		if (bytes > 0) live.push({ start: body.start, end: body.start + bytes });
	}
	const numbers = new Map<number, number>();
	for (const number of [...used].sort((a, b) => a - b)) {
		const fragment = fragments[number];
		if (!fragment)
			throw new Error(`the squashfs image lacks its fragment ${number}`);
		numbers.set(number, firstFragment + numbers.size);
		const { start, sizeField } = fragment;
		live.push({ start, end: start + bytesOnDisk(sizeField) });
	}
	const runs = joinRuns(live);
	const moved: number[] = [];
	let end = to;
	for (const run of runs) {
		moved.push(end);
		end += run.end - run.start;
	}
	const move = (start: number): number => {
		const index = lastAtOrBefore(runs, start);
		return (moved[index] ?? 0) + start - (runs[index]?.start ?? 0);
	};
	return {
		runs,
		to,
		end,
		fragments: [...numbers.keys()].map((number) => {
			const { start, sizeField } = fragments[number] as Fragment;
			return { start: move(start), sizeField };
		}),
		moveFile: (inode) => {
			const { blocks, start, fragment } = inode.body;
			const body = {
				...inode.body,
				start: dataBytes(blocks) > 0 ? move(start) : 0,
				fragment: fragment === undefined ? undefined : numbers.get(fragment),
			};
			return { ...inode, body };
		},
	};
}

function dataBytes(blocks: Buffer): number {
	let bytes = 0;
	for (let at = 0; at < blocks.length; at += 4)
		bytes += bytesOnDisk(blocks.readUInt32LE(at));
	return bytes;
}

function joinRuns(live: Run[]): Run[] {
	const runs: Run[] = [];
	for (const { start, end } of live.sort((a, b) => a.start - b.start)) {
		const last = runs.at(-1);
		if (last && start <= last.end) last.end = Math.max(last.end, end);
		else runs.push({ start, end });
	}
	return runs;
}

/** Index of the last run that begins at or before `position`; -1 when none does. */
function lastAtOrBefore(runs: readonly Run[], position: number): number {
	let low = 0;
	let high = runs.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((runs[middle]?.start ?? 0) <= position) low = middle + 1;
		else high = middle;
	}
	return low - 1;
}

/** Bytes that are held in memory at once while copying. */
const windowBytes = 4 * 1024 * 1024;
/** Dead data of up to so many bytes is read with its neighbours, which is cheaper than one more read. */
const gapBytes = 128 * 1024;

/**
 * Copies the runs of one image into the merged one.
 * @throws Error when the image ends before its data does.
 */
export async function copyData(
	from: FileHandle,
	out: FileHandle,
	{ runs, to }: Relocation,
): Promise<void> {
	const buffer = Buffer.allocUnsafe(windowBytes);
	let position = to;
	for (const pieces of windows(runs)) {
		const start = pieces[0]?.start ?? 0;
		const length = (pieces.at(-1)?.end ?? start) - start;
		const { bytesRead } = await from.read(buffer, 0, length, start);
		if (bytesRead < length)
			throw new Error("the squashfs image ends before its data does");
		let filled = 0;
		for (const piece of pieces) {
			buffer.copyWithin(filled, piece.start - start, piece.end - start);
			filled += piece.end - piece.start;
		}
		await writeAt(out, buffer.subarray(0, filled), position);
		position += filled;
	}
}

/** Cuts runs into what is read at once: each from its first piece's start to its last one's end. */
function* windows(runs: readonly Run[]): Generator<Run[]> {
	let pieces: Run[] = [];
	for (const run of runs) {
		let { start } = run;
		while (start < run.end) {
			const first = pieces[0]?.start ?? start;
			const last = pieces.at(-1)?.end ?? start;
			if (start - last > gapBytes || start >= first + windowBytes) {
				yield pieces;
				pieces = [];
				continue;
			}
			const end = Math.min(run.end, first + windowBytes);
			pieces.push({ start, end });
			start = end;
		}
	}
	if (pieces.length > 0) yield pieces;
}
