import { createReadStream, createWriteStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { run } from "../../system/process.ts";
import type { DiskFormat } from "./output-formats.ts";
import { finishVhd, vhdFooterBytes } from "./vhd.ts";

/** What follows the host's name in the name of a disk's file. */
export const diskSuffixes: Readonly<Record<DiskFormat, string>> = {
	raw: ".img",
	qcow2: ".qcow2",
	vhd: ".vhd",
	gz: ".img.gz",
};

export interface ConvertOptions {
	/** Host's name, for the GUID in a VHD. */
	host: string;
	/** Seconds since 1970, for the time stamp in a VHD. */
	epoch: number;
	/** Permission bits of the result. */
	mode: number;
	signal?: AbortSignal | undefined;
}

/**
 * Writes a raw disk image in another format, to a temporary name first.
 * @throws ExpectedError (exit code 1) when qemu-img fails or is missing.
 */
export async function convertDisk(
	raw: string,
	target: string,
	format: Exclude<DiskFormat, "raw">,
	options: ConvertOptions,
): Promise<void> {
	const temporary = `${target}.tmp-${process.pid}`;
	try {
		// Made here first, since nobody else may read it while it grows.
		await (await open(temporary, "wx", options.mode)).close();
		await convert(raw, temporary, format, options);
		await rename(temporary, target);
	} finally {
		await rm(temporary, { force: true });
	}
}

async function convert(
	raw: string,
	target: string,
	format: Exclude<DiskFormat, "raw">,
	{ host, epoch, signal }: ConvertOptions,
): Promise<void> {
	const qemuImg = (...args: string[]) =>
		run("qemu-img", ["convert", "-q", "-f", "raw", ...args, raw, target], {
			signal,
		});
	switch (format) {
		case "qcow2":
			await qemuImg("-O", "qcow2");
			return;
		case "vhd": {
			await qemuImg("-O", "vpc", "-o", "subformat=fixed,force_size=on");
			const file = await open(target, "r+");
			try {
				const at = (await file.stat()).size - vhdFooterBytes;
				const footer = Buffer.alloc(vhdFooterBytes);
				await file.read(footer, 0, vhdFooterBytes, at);
				await file.write(finishVhd(footer, host, epoch), 0, vhdFooterBytes, at);
			} finally {
				await file.close();
			}
			return;
		}
		case "gz":
			await pipeline(
				createReadStream(raw, { highWaterMark: 1024 * 1024 }),
				createGzip(),
				createWriteStream(target),
				signal ? { signal } : {},
			);
	}
}
