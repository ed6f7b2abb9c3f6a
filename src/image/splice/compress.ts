import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { run } from "../../system/process.ts";
import type { Compressor } from "./layout.ts";

/** Whether metadata is compressed at all; that of the others stays as it is, to need no program for it. */
export function canCompress(compressor: Compressor): boolean {
	return compressor === "zstd" || compressor === "gzip";
}

/**
 * Compresses each block by itself.
 * @param blocks of at most 8 KiB each
 * @param temp an existing folder
 * @returns as many; undefined where compressing would gain nothing
 * @throws ExpectedError (exit code 1) when the zstd program is missing.
 */
export async function compressBlocks(
	blocks: readonly Buffer[],
	compressor: Compressor,
	temp: string,
): Promise<(Buffer | undefined)[]> {
	const packed =
		compressor === "gzip"
			? blocks.map((block) => deflateSync(block, { level: 9 }))
			: compressor === "zstd"
				? await zstdBlocks(blocks, temp)
				: [];
	return blocks.map((block, index) => {
		const candidate = packed[index];
		return candidate && candidate.length < block.length ? candidate : undefined;
	});
}

/** Of 100 blocks, 19 makes 1 % less and takes four times as long. */
const zstdLevel = 12;

/** By one run of the program over many files: it says the size of each in its frame, which keeps windows small. */
async function zstdBlocks(
	blocks: readonly Buffer[],
	temp: string,
): Promise<Buffer[]> {
	if (blocks.length === 0) return [];
	const folder = await mkdtemp(join(temp, "chunks-"));
	try {
		const names = blocks.map((_, index) => String(index));
		await Promise.all(
			blocks.map((block, index) => writeFile(join(folder, `${index}`), block)),
		);
		await run("zstd", ["-q", `-${zstdLevel}`, "--no-check", "--", ...names], {
			cwd: folder,
		});
		return await Promise.all(
			names.map((name) => readFile(join(folder, `${name}.zst`))),
		);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
