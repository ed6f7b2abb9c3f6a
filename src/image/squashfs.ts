import { ExpectedError } from "../system/errors.ts";
import type { SquashfsSettings } from "./schema.ts";

/** Levels each compressor takes, from mksquashfs(1); undefined: it takes none. */
const levels: Record<
	SquashfsSettings["compression"],
	{ highest: number; preset?: number } | undefined
> = {
	// 9: level 15 saved 6 % of a Docker host and took eight times as long (docs/performance.md).
	zstd: { highest: 22, preset: 9 },
	gzip: { highest: 9 },
	lzo: { highest: 9 },
	xz: undefined,
	lz4: undefined,
};

/**
 * The arguments for mksquashfs(1) that squash `tree` into `file`, the same bytes each time:
 * every time stamp becomes `epoch` (seconds).
 * @throws ExpectedError when the level does not exist for the compressor.
 */
export function mksquashfsArguments(
	tree: string,
	file: string,
	settings: SquashfsSettings,
	epoch: number,
): string[] {
	const { compression, level, blockSize, options } = settings;
	const range = levels[compression];
	if (level !== undefined && (!range || level > range.highest))
		throw new ExpectedError({
			code: "SQUASHFS_LEVEL",
			message: range
				? `image.squashfs.level ${level} is too high for ${compression}, whose highest is ${range.highest}`
				: `image.squashfs.level is set, but ${compression} has no levels`,
			hint: "lower or remove image.squashfs.level",
		});
	const chosen = level ?? range?.preset;
	return [
		tree,
		file,
		"-noappend",
		"-no-progress",
		"-no-exports",
		"-comp",
		compression,
		...(chosen === undefined ? [] : ["-Xcompression-level", String(chosen)]),
		"-b",
		blockSize,
		"-mkfs-time",
		String(epoch),
		"-all-time",
		String(epoch),
		...options,
	];
}

/** Arguments more, which leave all but files' data uncompressed, as splice/ wants it. */
export const readableMetadata = ["-noI", "-noId", "-noX"];
