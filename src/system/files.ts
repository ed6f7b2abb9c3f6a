import { createHash, randomBytes } from "node:crypto";
import { type BigIntStats, constants, createReadStream } from "node:fs";
import {
	cp,
	type FileHandle,
	mkdir,
	open,
	readFile,
	rename,
	rm,
	writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Writes to a temporary name beside `path`, then renames: readers see the old or the new, never half.
 * @param options.durable return only when the file would also be there after a power cut.
 */
export async function writeFileAtomically(
	path: string,
	content: string | Uint8Array,
	options: { mode?: number; durable?: boolean } = {},
): Promise<void> {
	const { mode = 0o644, durable = false } = options;
	const folder = dirname(path);
	await mkdir(folder, { recursive: true });
	const temporary = `${path}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
	try {
		await writeFile(temporary, content, { mode, flush: durable });
		await rename(temporary, path);
	} catch (error) {
		await rm(temporary, { force: true });
		throw error;
	}
	if (durable) await flushFolder(folder);
}

/**
 * Moves a finished folder to `target`, on the same file system. A folder cannot be replaced by one rename, so
 * what was there goes out of the way first.
 */
export async function replaceFolder(
	folder: string,
	target: string,
): Promise<void> {
	const old = `${hiddenBeside(target)}.old`;
	await rename(target, old).catch((error: NodeJS.ErrnoException) => {
		if (error.code !== "ENOENT") throw error;
	});
	await rename(folder, target);
	await rm(old, { recursive: true, force: true });
}

/** Makes the folder `target` a copy of another, links in it as they are; what was there is replaced. */
export async function placeCopy(folder: string, target: string): Promise<void> {
	await mkdir(dirname(target), { recursive: true });
	const staging = hiddenBeside(target);
	try {
		await cp(folder, staging, {
			recursive: true,
			preserveTimestamps: true,
			verbatimSymlinks: true,
			// Shares the blocks where the file system can, and a change of the one leaves the other alone.
			mode: constants.COPYFILE_FICLONE,
		});
		await replaceFolder(staging, target);
	} catch (error) {
		await rm(staging, { recursive: true, force: true });
		throw error;
	}
}

function hiddenBeside(path: string): string {
	const name = `.${basename(path)}-${randomBytes(6).toString("hex")}`;
	return join(dirname(path), name);
}

/** A new name in a folder is on disk only when the folder is: fsync(2). */
async function flushFolder(folder: string): Promise<void> {
	const handle = await open(folder, "r");
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}

/** Hex SHA-256 of a file's content. */
export async function sha256File(path: string): Promise<string> {
	const hash = createHash("sha256");
	for await (const chunk of createReadStream(path, {
		highWaterMark: 1024 * 1024,
	}))
		hash.update(chunk as Buffer);
	return hash.digest("hex");
}

/**
 * Nanoseconds that a change must lie back before the next one surely shows in the time stamps. They only move
 * with the kernel's clock tick (some milliseconds; 2 s on FAT), so that a file may change again after it was
 * read and look the same: git's "racily clean" entries (gitformat-index(5)).
 */
const settled = 2_000_000_000n;

/**
 * Whether what was read of a file may be remembered under its time stamps.
 * @param stats those of before it was read
 * @param now milliseconds since the epoch, of before it was read
 */
export function isSettled(
	{ mtimeNs, ctimeNs }: Pick<BigIntStats, "mtimeNs" | "ctimeNs">,
	now: number,
): boolean {
	const latest = BigInt(now) * 1_000_000n - settled;
	return mtimeNs < latest && ctimeNs < latest;
}

/** Hex SHA-256 of a text or of bytes. */
export function sha256(content: string | Uint8Array): string {
	return createHash("sha256").update(content).digest("hex");
}

/** The text of a file; undefined when there is none. */
export async function readTextIfThere(
	path: string,
): Promise<string | undefined> {
	try {
		return await readFile(path, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
}

/** Writes all of `bytes` at `position`, where one write(2) may take only a part. */
export async function writeAt(
	file: FileHandle,
	bytes: Uint8Array,
	position: number,
): Promise<void> {
	for (let done = 0; done < bytes.length; ) {
		const { bytesWritten } = await file.write(
			bytes,
			done,
			bytes.length - done,
			position + done,
		);
		done += bytesWritten;
	}
}
