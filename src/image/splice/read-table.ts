import { metadataBlock } from "./layout.ts";

/** A metadata table, its blocks put together. */
export interface Table {
	bytes: Buffer;
	/**
	 * Where in `bytes` a reference leads: offset of a block in the table << 16 | offset in that block.
	 * @throws Error when no block begins there.
	 */
	find(reference: number): number;
}

/** A block of metadata as on disk, without the two bytes before it. */
export interface StoredBlock {
	compressed: boolean;
	bytes: Buffer;
}

/**
 * Cuts what lies between two places into blocks.
 * @throws Error when the last block does not end at `end`.
 */
export function storedBlocks(
	image: Buffer,
	start: number,
	end: number,
	what: string,
): StoredBlock[] {
	const blocks: StoredBlock[] = [];
	let at = start;
	while (at < end) {
		const head = image.readUInt16LE(at);
		const next = at + 2 + (head & 0x7fff);
		if (next > end || next > image.length)
			throw new Error(`the ${what} table of the squashfs image is damaged`);
		blocks.push({
			// Set where the block is NOT compressed.
			compressed: (head & 0x8000) === 0,
			bytes: image.subarray(at + 2, next),
		});
		at = next;
	}
	return blocks;
}

/**
 * Reads a table that must not be compressed.
 * @throws Error when it is, or is damaged.
 */
export function readPlainTable(
	image: Buffer,
	start: number,
	end: number,
	what: string,
): Table {
	const blocks = storedBlocks(image, start, end, what);
	const places = new Map<number, number>();
	let stored = 0;
	let plain = 0;
	for (const { compressed, bytes } of blocks) {
		if (compressed)
			throw new Error(`the ${what} table of the squashfs image is compressed`);
		if (plain % metadataBlock !== 0)
			throw new Error(`the ${what} table of the squashfs image is damaged`);
		places.set(stored, plain);
		stored += 2 + bytes.length;
		plain += bytes.length;
	}
	return {
		bytes: Buffer.concat(blocks.map(({ bytes }) => bytes)),
		find(reference) {
			const place = places.get(Math.floor(reference / 0x1_0000));
			if (place === undefined)
				throw new Error(
					`a reference into the ${what} table of the squashfs image leads nowhere`,
				);
			return place + (reference % 0x1_0000);
		},
	};
}
