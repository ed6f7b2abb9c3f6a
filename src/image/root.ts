import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { defineStep, type Step } from "../plan/step.ts";
import { listTreeScript, unpackImageScript } from "../system/tree-listing.ts";
import { mkfsErofsArguments } from "./erofs.ts";
import type { ImageSettings } from "./schema.ts";
import { mksquashfsArguments } from "./squashfs.ts";
import { appendHashTree } from "./verity.ts";

/** The step that packs the root. */
export type RootImageStep = Step<"root" | "verity" | "listing" | "hashes">;

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

/** Writes what dock0 itself puts into a root into a new folder. */
export async function writeOwn(
	folder: string,
	files: Readonly<Record<string, string>>,
	links: Readonly<Record<string, string>>,
): Promise<void> {
	await mkdir(folder);
	for (const [path, text] of Object.entries(files)) {
		await mkdir(join(folder, dirname(path)), { recursive: true });
		await writeFile(join(folder, path), text);
	}
	for (const [path, target] of Object.entries(links)) {
		await mkdir(join(folder, dirname(path)), { recursive: true });
		await symlink(target, join(folder, path));
	}
}

/**
 * Unpacks the root file system, puts the kernel's modules into it, and packs the whole to `root`, with its
 * hash tree appended if that is wanted; `verity` is then what `dock0.verity=` says (JSON of `Verity`), else
 * null. `listing` and `hashes` tell what is in it (tree-listing.ts). Runs as root of a namespace, so that
 * owners and capabilities stay what they are.
 * @param epoch seconds since 1970 for every time stamp (SOURCE_DATE_EPOCH).
 */
export function rootImageStep(parts: {
	rootfs: Step<"rootfs.tar">;
	kernel: Step<"modules" | "vmlinuz" | "version">;
	/** Texts that dock0 itself puts into every root, by path below `/`. */
	files: Readonly<Record<string, string>>;
	/** Symbolic links likewise, target by path. */
	links: Readonly<Record<string, string>>;
	settings: ImageSettings;
	epoch: number;
}): RootImageStep {
	const { rootfs, kernel, files, links, settings, epoch } = parts;
	const { type, verity } = settings;
	// Options of the user's may leave files out.
	const asTree = settings[type].options.length === 0;
	// Checked here already: a bad level is bad input, not a failed step.
	const [program] = packCommand(settings, "", "", epoch);
	return defineStep({
		name: `image/${type}`,
		title: `packing the root as ${type} with ${settings[type].compression}`,
		version: 4,
		needs: { rootfs, kernel },
		inputs: {
			values: { [type]: settings[type], verity, epoch, files, links },
			tools: [program, "tar"],
		},
		outputs: ["root", "verity", "listing", "hashes"],
		async run({ out, temp, needs, runInNamespace }) {
			const tree = join(temp, "tree");
			const own = join(temp, "own");
			await writeOwn(own, files, links);
			const script = [
				"set -eu",
				'tree=$1 tar=$2 modules=$3 own=$4 listing=$5 hashes=$6 type=$7 image=$8; shift 8; mkdir "$tree"',
				`tar -x --numeric-owner --same-owner --same-permissions --xattrs --xattrs-include='*' -C "$tree" -f "$tar"`,
				// A root without merged /usr (usr-merge) keeps its modules in /lib.
				'if [ -L "$tree/lib" ] || [ ! -d "$tree/lib" ]; then base=$tree/usr/lib; else base=$tree/lib; fi',
				'if [ -d "$modules/lib/modules" ]; then mkdir -p "$base/modules"; cp -R --preserve=mode,links "$modules/lib/modules/." "$base/modules/"; chown -R 0:0 "$base/modules"; fi',
				'cp -R --no-preserve=ownership "$own/." "$tree/"',
				unpackImageScript,
				listTreeScript,
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
				join(needs.rootfs, "rootfs.tar"),
				join(needs.kernel, "modules"),
				own,
				join(out, "listing"),
				join(out, "hashes"),
				type,
				join(out, "root"),
				...packCommand(settings, tree, join(out, "root"), epoch),
			]);
			const hashes = verity ? await appendHashTree(join(out, "root")) : null;
			await writeFile(join(out, "verity"), `${JSON.stringify(hashes)}\n`);
		},
	});
}
