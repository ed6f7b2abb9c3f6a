/**
 * Decompresses one raw LZ4 block (lz4_Block_format.md of the lz4 project).
 * @param limit the most bytes that it may give
 * @throws Error when it is damaged.
 */
export function decodeLz4(block: Buffer, limit: number): Buffer {
	const out = Buffer.alloc(limit);
	let from = 0;
	let to = 0;
	const lengthOf = (nibble: number): number => {
		let length = nibble;
		if (nibble === 15) {
			let more: number;
			do {
				more = block.readUInt8(from++);
				length += more;
			} while (more === 255);
		}
		return length;
	};
	const need = (isFine: boolean): void => {
		if (!isFine) throw new Error("an lz4 block is damaged");
	};
	while (from < block.length) {
		const token = block.readUInt8(from++);
		const literals = lengthOf(token >> 4);
		need(from + literals <= block.length && to + literals <= limit);
		block.copy(out, to, from, from + literals);
		from += literals;
		to += literals;
		// The last sequence has literals only.
		if (from === block.length) break;
		const distance = block.readUInt16LE(from);
		from += 2;
		const match = lengthOf(token & 15) + 4;
		need(distance > 0 && distance <= to && to + match <= limit);
		// One by one, as a match may reach into what it writes.
		for (let n = 0; n < match; n++, to++) out[to] = out[to - distance] ?? 0;
	}
	return out.subarray(0, to);
}
