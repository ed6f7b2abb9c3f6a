import { readFile, rename, rm } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { writeFileAtomically } from "../system/files.ts";
import type { RunCommand } from "./run-command.ts";
import type { InitramfsSettings } from "./schema.ts";

/**
 * Compresses the archive `from` to `to`, the same bytes each time.
 * zstd runs with one worker, as its output depends on whether there are workers, though not on how
 * many; xz uses CRC32, the only check that the kernel knows (Documentation/staging/xz.rst).
 * @param from an uncompressed file, left in place.
 */
export async function compressArchive(
	from: string,
	to: string,
	settings: Pick<InitramfsSettings, "compression" | "compressionLevel">,
	run: RunCommand,
): Promise<void> {
	const { compression, compressionLevel: level } = settings;
	if (compression === "none" || compression === "gzip") {
		const plain = await readFile(from);
		await writeFileAtomically(
			to,
			compression === "none"
				? plain
				: await promisify(gzip)(plain, { level: level ?? 9 }),
		);
		return;
	}
	const [command, args] =
		compression === "zstd"
			? (["zstd", ["-q", "-T1", `-${level ?? 19}`, "-c", from]] as const)
			: (["xz", ["--check=crc32", `-${level ?? 6}`, "-c", from]] as const);
	const temporary = `${to}.tmp-${process.pid}`;
	try {
		await run(command, args, { stdoutFile: temporary });
		await rename(temporary, to);
	} catch (error) {
		await rm(temporary, { force: true });
		throw error;
	}
}

/**
 * Reads a module's file as the plain ELF that insmod loads, whatever it is packed with.
 * @param scratch a file name that may be written and is removed again.
 */
export async function readModule(
	path: string,
	scratch: string,
	run: RunCommand,
): Promise<Uint8Array> {
	if (path.endsWith(".gz")) return promisify(gunzip)(await readFile(path));
	const command = path.endsWith(".xz")
		? "xz"
		: path.endsWith(".zst")
			? "zstd"
			: undefined;
	if (command === undefined) return readFile(path);
	try {
		await run(command, ["-d", "-q", "-c", path], { stdoutFile: scratch });
		return await readFile(scratch);
	} finally {
		await rm(scratch, { force: true });
	}
}
