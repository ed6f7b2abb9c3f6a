import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AnyStep, defineStep, type Step } from "../plan/step.ts";
import { listTreeScript, unpackImageScript } from "../system/tree-listing.ts";
import { inMemoryScript, memoryForTree } from "../system/tree-memory.ts";
import { baseImageStep, type Trimming } from "./base.ts";
import { mkfsErofsArguments } from "./erofs.ts";
import { writeOwn } from "./own-files.ts";
import { addModulesScript, unpackTarScript } from "./root-tree.ts";
import type { ImageSettings } from "./schema.ts";
import { readableCompressors } from "./splice/layout.ts";
import { splicedRootStep } from "./spliced-root.ts";
import { mksquashfsArguments } from "./squashfs.ts";
import { appendHashTree } from "./verity.ts";

/**
 * The step that packs the root to `root`, with its hash tree appended if that is wanted; `verity` is then what
 * `dock0.verity=` says (JSON of `Verity`), else null. `listing` and `hashes` tell what is in it (tree-listing.ts).
 */
export type RootImageStep = Step<"root" | "verity" | "listing" | "hashes">;

export interface RootImageParts {
	/** The step that leaves the packages' tree, `rootfs.tar`. */
	packages: AnyStep;
	/** The step that leaves what differs from it, `changes.tar`, and the paths of what does not, `kept`. */
	customised: AnyStep;
	/** The step that leaves both together, `rootfs.tar`. */
	whole: AnyStep;
	kernel: Step<"modules" | "vmlinuz" | "version">;
	trim: Trimming;
	/** Texts that dock0 itself puts into every root, by path below `/`. */
	files: Readonly<Record<string, string>>;
	/** Symbolic links likewise, target by path. */
	links: Readonly<Record<string, string>>;
	settings: ImageSettings;
	/** Seconds since 1970 for every time stamp (SOURCE_DATE_EPOCH). */
	epoch: number;
}

/**
 * Packs the root file system with the kernel's modules in it. Of a squashfs, what the packages brought is packed
 * in a step of its own, which stays when an overlay changes; a user's own options may say anything, and an erofs
 * and images of some compressors cannot be taken apart here, so these are packed as a whole.
 */
export function rootImageStep(parts: RootImageParts): RootImageStep {
	const { type, squashfs: settings, verity } = parts.settings;
	if (
		type !== "squashfs" ||
		settings.options.length > 0 ||
		!readableCompressors.includes(settings.compression)
	)
		return packedRootStep(parts);
	const base = baseImageStep({ ...parts, settings });
	return splicedRootStep({ ...parts, settings, verity, base });
}

/** The program that packs a tree into a file system of that kind, and its arguments. */
function packCommand(
	settings: ImageSettings,
	tree: string,
	file: string,
	epoch: number,
): [string, ...string[]] {
	return settings.type === "erofs"
		? ["mkfs.erofs", ...mkfsErofsArguments(tree, file, settings.erofs, epoch)]
		: [
				"mksquashfs",
				...mksquashfsArguments(tree, file, settings.squashfs, epoch),
			];
}

/** Unpacks the whole root, adds to it, and packs it. */
function packedRootStep(parts: RootImageParts): RootImageStep {
	const { whole, kernel, files, links, settings, epoch } = parts;
	const { type, verity } = settings;
	// Options of the user's may leave files out.
	const asTree = settings[type].options.length === 0;
	// Checked here already: a bad level is bad input, not a failed step.
	const [program] = packCommand(settings, "", "", epoch);
	return defineStep({
		name: `image/${type}`,
		title: `packing the root as ${type} with ${settings[type].compression}`,
		version: 5,
		needs: { whole, kernel },
		inputs: {
			values: { [type]: settings[type], verity, epoch, files, links },
			tools: [program, "tar"],
		},
		outputs: ["root", "verity", "listing", "hashes"],
		async run({ out, temp, needs, runInNamespace }) {
			const tree = join(temp, "tree");
			const own = join(temp, "own");
			const tar = join(needs.whole, "rootfs.tar");
			await writeOwn(own, files, links);
			const script = [
				"set -eu",
				"tree=$1 tar=$2 modules=$3 own=$4 listing=$5 hashes=$6 type=$7 image=$8 memory=$9; shift 9",
				inMemoryScript,
				unpackTarScript,
				addModulesScript,
				unpackImageScript,
				listTreeScript,
				'in_memory "$tree" "$memory"; unpack_tar "$tar" "$tree"; add_modules "$modules" "$tree" >/dev/null',
				'cp -R --no-preserve=ownership "$own/." "$tree/"',
				asTree
					? // Beside the packer, while the tree is in memory anyway.
						'list_tree "$tree" "$listing" "$hashes" & listed=$!; "$@"; wait "$listed"'
					: '"$@"; unpack_image "$type" "$image" "$tree.packed"; list_tree "$tree.packed" "$listing" "$hashes"',
			].join("\n");
			await runInNamespace("sh", [
				"-c",
				script,
				"sh",
				tree,
				tar,
				join(needs.kernel, "modules"),
				own,
				join(out, "listing"),
				join(out, "hashes"),
				type,
				join(out, "root"),
				String(memoryForTree(tar)),
				...packCommand(settings, tree, join(out, "root"), epoch),
			]);
			const hashes = verity ? await appendHashTree(join(out, "root")) : null;
			await writeFile(join(out, "verity"), `${JSON.stringify(hashes)}\n`);
		},
	});
}
