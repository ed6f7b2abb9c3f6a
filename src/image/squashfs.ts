import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { defineStep, type Step } from "../plan/step.ts";
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

/**
 * Unpacks the root file system, puts the kernel's modules into it, and squashes the whole to
 * `root.squashfs`. Runs as root of a namespace, so that owners and capabilities stay what they are.
 * @param epoch seconds since 1970 for every time stamp (SOURCE_DATE_EPOCH).
 */
export function squashfsStep(parts: {
	rootfs: Step<"rootfs.tar">;
	kernel: Step<"modules" | "vmlinuz" | "version">;
	/** Texts that dock0 itself puts into every root, by path below `/`. */
	files: Readonly<Record<string, string>>;
	settings: SquashfsSettings;
	epoch: number;
}): Step<"root.squashfs"> {
	const { rootfs, kernel, files, settings, epoch } = parts;
	// Checked here already: a bad level is bad input, not a failed step.
	mksquashfsArguments("", "", settings, epoch);
	return defineStep({
		name: "image/squashfs",
		title: `squashing the root with ${settings.compression}`,
		version: 1,
		needs: { rootfs, kernel },
		inputs: {
			values: { settings, epoch, files },
			tools: ["mksquashfs", "tar"],
		},
		outputs: ["root.squashfs"],
		async run({ out, temp, needs, runInNamespace }) {
			const tree = join(temp, "tree");
			const own = join(temp, "own");
			await mkdir(own);
			for (const [path, text] of Object.entries(files)) {
				await mkdir(join(own, dirname(path)), { recursive: true });
				await writeFile(join(own, path), text);
			}
			const script = [
				"set -eu",
				'tree=$1 tar=$2 modules=$3 own=$4; shift 4; mkdir "$tree"',
				`tar -x --numeric-owner --same-owner --same-permissions --xattrs --xattrs-include='*' -C "$tree" -f "$tar"`,
				// A root without merged /usr (usr-merge) keeps its modules in /lib.
				'if [ -L "$tree/lib" ] || [ ! -d "$tree/lib" ]; then base=$tree/usr/lib; else base=$tree/lib; fi',
				'if [ -d "$modules/lib/modules" ]; then mkdir -p "$base/modules"; cp -R --preserve=mode,links "$modules/lib/modules/." "$base/modules/"; chown -R 0:0 "$base/modules"; fi',
				'cp -R --no-preserve=ownership "$own/." "$tree/"',
				'mksquashfs "$tree" "$@"',
			].join("\n");
			const [, ...rest] = mksquashfsArguments(
				tree,
				join(out, "root.squashfs"),
				settings,
				epoch,
			);
			await runInNamespace("sh", [
				"-c",
				script,
				"sh",
				tree,
				join(needs.rootfs, "rootfs.tar"),
				join(needs.kernel, "modules"),
				own,
				...rest,
			]);
		},
	});
}
