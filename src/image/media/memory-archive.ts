import { open, stat } from "node:fs/promises";

/** The archive's file name, beside the kernel and the initramfs. */
export const memoryArchiveName = "root.cpio";

/** An image in the archive, by the name that the kernel parameters give it. */
export interface MemoryImage {
	name: string;
	source: string;
}

/**
 * Writes the images as a cpio archive ("newc", Documentation/driver-api/early-userspace/buffer-format.rst
 * of Linux). A boot loader hands it to the kernel as a second initramfs, so that the host runs from memory
 * and needs no driver for whatever it was started from.
 * @param file must not exist.
 */
export async function writeMemoryArchive(
	file: string,
	images: readonly MemoryImage[],
	options: { epoch: number; mode: number; signal?: AbortSignal | undefined },
): Promise<void> {
	const target = await open(file, "wx", options.mode);
	try {
		for (const [index, { name, source }] of images.entries()) {
			const { size } = await stat(source);
			await target.appendFile(
				newcHeader(name, { inode: index + 1, size, time: options.epoch }),
			);
			const from = await open(source);
			try {
				for await (const chunk of from.createReadStream({
					highWaterMark: 1024 * 1024,
					autoClose: false,
				})) {
					options.signal?.throwIfAborted();
					await target.appendFile(chunk as Buffer);
				}
			} finally {
				await from.close();
			}
			await target.appendFile(Buffer.alloc(padding(size)));
		}
		await target.appendFile(
			newcHeader("TRAILER!!!", { inode: 0, size: 0, time: 0 }),
		);
	} finally {
		await target.close();
	}
}

function padding(bytes: number): number {
	return (4 - (bytes % 4)) % 4;
}

/** A header and the name after it, filled up to a multiple of four bytes. */
export function newcHeader(
	name: string,
	entry: { inode: number; size: number; time: number },
): Uint8Array {
	// A regular file that root alone may read (stat(2): S_IFREG).
	const mode = entry.inode === 0 ? 0 : 0o100600;
	const fields = [
		...[entry.inode, mode, 0, 0, 1, entry.time, entry.size],
		...[0, 0, 0, 0, Buffer.byteLength(name) + 1, 0],
	];
	const text = `070701${fields.map((one) => one.toString(16).padStart(8, "0")).join("")}${name}\0`;
	return Buffer.from(text.padEnd(text.length + padding(text.length), "\0"));
}
