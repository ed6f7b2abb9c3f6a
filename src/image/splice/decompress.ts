import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { run } from "../../system/process.ts";
import { type Compressor, metadataBlock } from "./layout.ts";
import type { StoredBlock } from "./read-table.ts";

/**
 * The content of a table's blocks, put together. mksquashfs has no option that leaves the fragment table plain and
 * yet compresses fragments, so that one table has to be decompressed.
 * @param temp an existing folder
 * @throws Error when it does not give `length` bytes, or the compressor is one that we cannot undo.
 */
export async function decompressTable(
	blocks: readonly StoredBlock[],
	compressor: Compressor,
	length: number,
	temp: string,
): Promise<Buffer> {
	const packed = blocks.filter(({ compressed }) => compressed);
	const unpacked = Buffer.concat(
		await unpack(
			packed.map(({ bytes }) => bytes),
			compressor,
			temp,
		),
	);
	// Compressed blocks are full, but for the last of the table.
	const plainBytes = blocks
		.filter(({ compressed }) => !compressed)
		.reduce((sum, { bytes }) => sum + bytes.length, 0);
	if (unpacked.length + plainBytes !== length)
		throw new Error("a table of the squashfs image is damaged");
	let at = 0;
	let left = length;
	const parts = blocks.map(({ compressed, bytes }) => {
		const size = Math.min(metadataBlock, left);
		left -= size;
		if (!compressed) return bytes;
		at += size;
		return unpacked.subarray(at - size, at);
	});
	return Buffer.concat(parts);
}

async function unpack(
	blocks: readonly Buffer[],
	compressor: Compressor,
	temp: string,
): Promise<Buffer[]> {
	if (blocks.length === 0) return [];
	switch (compressor) {
		case "gzip":
			return blocks.map((block) => inflateSync(block));
		case "zstd":
		case "xz": {
			// Both programs take frames one after the other for one stream.
			const folder = await mkdtemp(join(temp, "table-"));
			const stdoutFile = join(folder, "unpacked");
			const input = Buffer.concat(blocks);
			await run(compressor, ["-q", "-d", "-c"], { input, stdoutFile });
			return [await readFile(stdoutFile)];
		}
		default:
			throw new Error(
				`the fragment table of the squashfs image is compressed by ${compressor}, which is not supported`,
			);
	}
}
