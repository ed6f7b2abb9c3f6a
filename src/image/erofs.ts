import { ExpectedError } from "../system/errors.ts";
import type { ErofsSettings } from "./schema.ts";

/** Levels each compressor takes, from mkfs.erofs(1) of erofs-utils 1.8; undefined: it takes none. */
const levels: Record<
	ErofsSettings["compression"],
	((level: number) => boolean) | undefined
> = {
	lz4hc: (level) => level <= 12,
	// 100 and more: the same with LZMA's extreme preset.
	lzma: (level) => level <= 9 || level >= 100,
	deflate: (level) => level <= 9,
	zstd: (level) => level <= 22,
	lz4: undefined,
	none: undefined,
};

/** One UUID for all: a random one would make each build differ, and nothing looks a root up by it. */
const uuid = "d0c00000-0000-4000-8000-000000000001";

/**
 * The arguments for mkfs.erofs(1) that pack `tree` into `file`, the same bytes each time: every time
 * stamp becomes `epoch` (seconds).
 * @throws ExpectedError when the level does not exist for the compressor.
 */
export function mkfsErofsArguments(
	tree: string,
	file: string,
	settings: ErofsSettings,
	epoch: number,
): string[] {
	const { compression, level, clusterSize, options } = settings;
	if (level !== undefined && !levels[compression]?.(level))
		throw new ExpectedError({
			code: "EROFS_LEVEL",
			message: `image.erofs.level ${level} does not exist for ${compression}`,
			hint: "change or remove image.erofs.level",
		});
	const bytes =
		Number.parseInt(clusterSize, 10) *
		(clusterSize.endsWith("M") ? 1024 * 1024 : 1024);
	return [
		"--quiet",
		`-T${epoch}`,
		`-U${uuid}`,
		...(compression === "none"
			? []
			: [
					`-z${compression}${level === undefined ? "" : `,${level}`}`,
					`-C${bytes}`,
				]),
		...options,
		file,
		tree,
	];
}
