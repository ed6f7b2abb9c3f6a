import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defineStep } from "../plan/step.ts";
import { stepFailure } from "../system/errors.ts";
import { listTreeScript } from "../system/tree-listing.ts";
import type { BaseImageStep } from "./base.ts";
import { kindsIn, mergeHashes, mergeListings } from "./merge-listings.ts";
import { writeOwn } from "./own-files.ts";
import type { RootImageParts, RootImageStep } from "./root.ts";
import { unpackTarScript } from "./root-tree.ts";
import type { SquashfsSettings } from "./schema.ts";
import { spliceSquashfs } from "./splice/splice.ts";
import { mksquashfsArguments, readableMetadata } from "./squashfs.ts";
import { appendHashTree } from "./verity.ts";

/** Packs only what is not in the base image as it should be, and makes one image of both. */
export function splicedRootStep(
	parts: Pick<RootImageParts, "customised" | "files" | "links" | "epoch"> & {
		base: BaseImageStep;
		settings: SquashfsSettings;
		verity: boolean;
	},
): RootImageStep {
	const { base, customised, files, links, settings, verity, epoch } = parts;
	// What splicing calls for metadata; gzip's is done here.
	const programs =
		settings.compression === "gzip" ? [] : [settings.compression];
	return defineStep({
		name: "image/squashfs",
		title: `packing the root as squashfs with ${settings.compression}`,
		version: 6,
		needs: { base, customised },
		inputs: {
			values: { squashfs: settings, verity, epoch, files, links },
			tools: ["mksquashfs", "tar", ...programs],
		},
		outputs: ["root", "verity", "listing", "hashes"],
		async run({ out, temp, needs, runInNamespace }) {
			const top = join(temp, "top");
			const own = join(temp, "own");
			const image = join(temp, "squashfs");
			await writeOwn(own, files, links);
			const script = [
				"set -eu",
				"top=$1 tar=$2 own=$3 listing=$4 hashes=$5; shift 5",
				unpackTarScript,
				listTreeScript,
				'unpack_tar "$tar" "$top"',
				'cp -R --no-preserve=ownership "$own/." "$top/"',
				'list_tree "$top" "$listing" "$hashes" & listed=$!; "$@"; wait "$listed"',
			].join("\n");
			await runInNamespace("sh", [
				"-c",
				script,
				"sh",
				top,
				join(needs.customised, "changes.tar"),
				own,
				join(temp, "listing"),
				join(temp, "hashes"),
				"mksquashfs",
				...mksquashfsArguments(top, image, settings, epoch),
				...readableMetadata,
			]);
			// Paths are bytes, which `latin1` keeps.
			const read = (folder: string, name: string) =>
				readFile(join(folder, name), "latin1");
			const listings = {
				base: await read(needs.base, "listing"),
				top: await read(temp, "listing"),
			};
			const keeps = kept({
				...listings,
				kept: await read(needs.customised, "kept"),
				library: await read(needs.base, "library"),
			});
			await spliceSquashfs({
				base: join(needs.base, "squashfs"),
				top: image,
				out: join(out, "root"),
				keeps,
				epoch,
			});
			const hashes = {
				base: await read(needs.base, "hashes"),
				top: await read(temp, "hashes"),
			};
			await writeFile(
				join(out, "listing"),
				mergeListings(listings, keeps),
				"latin1",
			);
			await writeFile(
				join(out, "hashes"),
				mergeHashes(hashes, keeps),
				"latin1",
			);
			const tree = verity ? await appendHashTree(join(out, "root")) : null;
			await writeFile(join(out, "verity"), `${JSON.stringify(tree)}\n`);
		},
	});
}

/**
 * Tells which entries of the base stay: those that nobody changed, and the kernel's modules with the folders above
 * them. Files of the top cover both.
 * @throws ExpectedError (exit code 1) when a script moved the folder in which the modules lie.
 */
function kept(what: {
	base: string;
	top: string;
	kept: string;
	library: string;
}): (path: string) => boolean {
	const unchanged = new Set(what.kept.split("\0"));
	const base = kindsIn(what.base);
	const top = kindsIn(what.top);
	const kindOfLib = unchanged.has("lib") ? base.get("lib") : top.get("lib");
	const modules = `${what.library}/modules`;
	if (
		base.has(modules) &&
		(kindOfLib === "d" ? "lib" : "usr/lib") !== what.library
	)
		throw stepFailure({
			code: "ROOT_LIB_MOVED",
			message: `the packages' kernel modules lie in /${what.library}, but a script, a command or an overlay made /lib something else`,
			hint: "install the package that merges /usr (Debian: usr-is-merged), or pack the root as a whole: `image: { type: erofs }`",
		});
	return (path) => {
		const above = top.get(path);
		if (above !== undefined && above !== "d") return false;
		if (path === modules || path.startsWith(`${modules}/`)) return true;
		if (unchanged.has(path === "" ? "." : path)) return true;
		return (
			above === undefined && modules.startsWith(`${path}/`) && base.has(modules)
		);
	};
}
