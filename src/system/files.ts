import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes to a temporary name beside `path`, then renames: readers see the old or the new, never half. */
export async function writeFileAtomically(
	path: string,
	content: string | Uint8Array,
	options: { mode?: number } = {},
): Promise<void> {
	await mkdir(dirname(path), { recursive: true });
	const temporary = `${path}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
	try {
		await writeFile(temporary, content, { mode: options.mode ?? 0o644 });
		await rename(temporary, path);
	} catch (error) {
		await rm(temporary, { force: true });
		throw error;
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

/** Hex SHA-256 of a text or of bytes. */
export function sha256(content: string | Uint8Array): string {
	return createHash("sha256").update(content).digest("hex");
}
