import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

/** The first bytes of the disk in a gzipped image. */
export async function headOf(file: string, bytes: number): Promise<Buffer> {
	const parts: Buffer[] = [];
	let length = 0;
	const unpacked = createReadStream(file).pipe(createGunzip());
	for await (const chunk of unpacked) {
		parts.push(chunk as Buffer);
		length += (chunk as Buffer).length;
		if (length >= bytes) break;
	}
	return Buffer.concat(parts).subarray(0, bytes);
}

/** SHA-256 (hex) of the first bytes of the disk in a gzipped image. */
export async function hashOfHead(file: string, bytes: number): Promise<string> {
	const hash = createHash("sha256");
	let left = bytes;
	await pipeline(
		createReadStream(file),
		createGunzip(),
		async (chunks: AsyncIterable<Buffer>) => {
			for await (const chunk of chunks) {
				hash.update(chunk.subarray(0, left));
				left -= Math.min(left, chunk.length);
			}
		},
	);
	return hash.digest("hex");
}
