import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

/** The first bytes of the disk in a gzipped image. */
async function headOf(file: string, bytes: number): Promise<Buffer> {
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

/** A GPT of 128 entries of 128 bytes, as dock0 writes it: UEFI 2.10, 5.3. */
const tableBytes = 1024 + 128 * 128;

/**
 * Where a partition begins in a gzipped disk image, in bytes.
 * @returns undefined when there is none of that name.
 */
export async function partitionAt(
	file: string,
	name: string,
): Promise<number | undefined> {
	const head = await headOf(file, tableBytes);
	if (head.toString("latin1", 512, 520) !== "EFI PART") return undefined;
	for (let at = 1024; at + 128 <= head.length; at += 128) {
		const label = head
			.toString("utf16le", at + 56, at + 128)
			.replace(/\0[\s\S]*$/, "");
		if (label === name) return Number(head.readBigUInt64LE(at + 32)) * 512;
	}
	return undefined;
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
