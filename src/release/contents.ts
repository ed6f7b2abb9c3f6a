import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RootImageStep } from "../image/root.ts";
import {
	type AnyStep,
	defineStep,
	type Step,
	type StepContext,
} from "../plan/step.ts";
import { ExpectedError } from "../system/errors.ts";
import { listTreeScript, unpackImageScript } from "../system/tree-listing.ts";
import type { RootType } from "./manifest.ts";
import {
	ownersStep,
	readOwners,
	type SourcePackage,
} from "./package-owners.ts";

/** The file of a release that tells what its root holds; for reports only, a host never reads it. */
export const contentsFile = "contents.json";

/** The file of a release that holds the kernel's `.config`, when the kernel came with one. */
export const kernelConfigFile = "kernel.config";

/** The file of a release that holds the resolved config and who set what, secrets masked. */
export const configFile = "config.json";

/** One entry of the root; `kind` is find(1)'s `%y`: f file, d folder, l link, c, b, p, s. */
export interface ContentEntry {
	/** Without the leading slash. */
	path: string;
	kind: string;
	/** Octal permission bits, as text. */
	mode: string;
	/** `uid:gid`. */
	owner: string;
	/** Of a regular file. */
	bytes?: number;
	/** Of a regular file. */
	sha256?: string;
	/** Of a link. */
	target?: string;
	/** Whose it is; absent for what overlays, scripts and dock0 itself put there. */
	package?: string;
}

/** What a root holds; `format` counts incompatible changes. */
export interface Contents {
	format: 1;
	entries: ContentEntry[];
	/** Debian's source packages, which security advisories are about. */
	sources: SourcePackage[];
}

/**
 * Lists the root: every entry with mode, owner, size, hash, and the package that it came from, by the
 * lists that the packages' tree held before trimming.
 */
export function contentsStep(parts: {
	packages: AnyStep;
	root: RootImageStep;
}): Step<typeof contentsFile> {
	const owners = ownersStep(parts.packages);
	const { root } = parts;
	return defineStep({
		name: "release/contents",
		title: "listing what the root holds",
		version: 4,
		needs: { owners, root },
		inputs: {},
		outputs: [contentsFile],
		async run({ out, needs }) {
			const text = (name: "listing" | "hashes") =>
				readFile(join(needs.root, name), "utf8");
			const { owners, sources } = await readOwners(needs.owners);
			const contents: Contents = {
				format: 1,
				entries: parseListing(
					await text("listing"),
					await text("hashes"),
					owners,
				),
				sources,
			};
			await writeFile(join(out, contentsFile), JSON.stringify(contents));
		},
	});
}

/**
 * Unpacks an image below `temp` and looks at every entry.
 * @param runInNamespace that of a step, or of system/namespace.ts
 * @returns what `parseListing` reads
 */
export async function listImage(
	runInNamespace: StepContext["runInNamespace"],
	image: { file: string; type: RootType },
	temp: string,
): Promise<{ listing: string; hashes: string }> {
	const listing = join(temp, "listing");
	const hashes = join(temp, "hashes");
	await runInNamespace("sh", [
		"-c",
		[
			"set -eu",
			unpackImageScript,
			listTreeScript,
			'unpack_image "$1" "$2" "$3"; list_tree "$3" "$4" "$5"',
		].join("\n"),
		"sh",
		image.type,
		image.file,
		join(temp, "tree"),
		listing,
		hashes,
	]);
	return {
		listing: await readFile(listing, "utf8"),
		hashes: await readFile(hashes, "utf8"),
	};
}

/** Joins find's listing, sha256sum's lines and the packages' lists; sorted by path. Pure. */
export function parseListing(
	listing: string,
	hashes: string,
	owners: ReadonlyMap<string, string>,
): ContentEntry[] {
	const hashOf = new Map(
		hashes
			.split("\0")
			.filter(Boolean)
			// `HASH  ./PATH`, sha256sum(1)
			.map((line) => [line.slice(68), line.slice(0, 64)] as const),
	);
	return listing
		.split("\0")
		.filter(Boolean)
		.map((line): ContentEntry => {
			const [
				kind = "",
				mode = "",
				owner = "",
				bytes = "",
				target = "",
				...rest
			] = line.split("\t");
			const path = rest.join("\t");
			const sha256 = hashOf.get(path);
			const from = kind === "d" ? undefined : ownerOf(path, owners);
			return {
				path,
				kind,
				mode,
				owner,
				...(kind === "f" ? { bytes: Number(bytes) } : {}),
				...(sha256 === undefined ? {} : { sha256 }),
				...(kind === "l" ? { target } : {}),
				...(from === undefined ? {} : { package: from }),
			};
		})
		.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** Packages from before the merge of /usr list `/lib/x`, which lies in `/usr/lib/x` now. */
function ownerOf(
	path: string,
	owners: ReadonlyMap<string, string>,
): string | undefined {
	const before = /^usr\/((?:s?bin|lib(?:32|64|x32)?)\/.*)$/s.exec(path)?.[1];
	return (
		owners.get(path) ?? (before === undefined ? undefined : owners.get(before))
	);
}

/**
 * What the root of a release holds.
 * @throws ExpectedError (exit code 2) when the release does not tell.
 */
export async function readContents(folder: string): Promise<Contents> {
	try {
		return JSON.parse(
			await readFile(join(folder, contentsFile), "utf8"),
		) as Contents;
	} catch (error) {
		throw new ExpectedError(
			{
				code: "RELEASE_NO_CONTENTS",
				message: `${folder} does not tell what its root holds: ${error instanceof Error ? error.message : String(error)}`,
				hint: "build it again with this version of dock0",
			},
			{ cause: error },
		);
	}
}
