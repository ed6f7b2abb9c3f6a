import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import {
	access,
	copyFile,
	link,
	lstat,
	mkdir,
	readdir,
	readFile,
	readlink,
	rename,
	rm,
	stat,
	symlink,
	writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import { type Manifest, releaseFiles } from "./manifest.ts";

/** What a release folder is made of. */
export interface ReleaseContent {
	/** Name to source, of which it becomes a hard link where that is possible, since a release is only read. */
	files: Readonly<Record<string, string>>;
	/** Further small files by name. */
	bytes?: Readonly<Record<string, Uint8Array>>;
	/** Hash of all of it. */
	key: string;
}

/**
 * Makes the folder `path` hold exactly `content`. It is a symbolic link to a folder beside it, which is
 * flipped by one rename: readers see the old release or the new, never a mixture.
 * @param keep how many releases stay, the new one counted; older ones are removed.
 * @throws ExpectedError when something that is not such a link is in the way.
 */
export async function publishFolder(
	path: string,
	{ files, bytes = {}, key }: ReleaseContent,
	keep: number,
): Promise<void> {
	const parent = dirname(path);
	await mkdir(parent, { recursive: true });
	const old = await currentTarget(path);
	const target = `.${basename(path)}-${key.slice(0, 16)}`;
	if (old === target) return;
	const staging = join(parent, `.staging-${randomBytes(6).toString("hex")}`);
	try {
		await mkdir(staging);
		for (const [name, source] of Object.entries(files))
			await link(source, join(staging, name)).catch(() =>
				copyFile(source, join(staging, name)),
			);
		for (const [name, content] of Object.entries(bytes))
			await writeFile(join(staging, name), content);
		await rm(join(parent, target), { recursive: true, force: true });
		await rename(staging, join(parent, target));
		await flipLink(path, target);
	} catch (error) {
		await rm(staging, { recursive: true, force: true });
		throw error;
	}
	await pruneReleases(path, keep);
}

/**
 * Makes the release in `folder`, one of `keptReleases`, the one that `path` names.
 * @throws ExpectedError when something else than a link of ours is in the way.
 */
export async function chooseRelease(
	path: string,
	folder: string,
): Promise<void> {
	await currentTarget(path);
	await flipLink(path, basename(folder));
}

/** By one rename, so that readers see the one or the other. */
async function flipLink(path: string, target: string): Promise<void> {
	const link = join(
		dirname(path),
		`.staging-${randomBytes(6).toString("hex")}.link`,
	);
	try {
		await symlink(target, link);
		await rename(link, path);
	} catch (error) {
		await rm(link, { force: true });
		throw error;
	}
}

/** A release in an output folder. */
export interface KeptRelease {
	folder: string;
	/** It is the one that the project's link names. */
	current: boolean;
	built: Date;
}

/** The releases that `publishFolder` has made for `path`, newest first. */
export async function keptReleases(path: string): Promise<KeptRelease[]> {
	const parent = dirname(path);
	const target = await currentTarget(path);
	const names = await readdir(parent).catch((): string[] => []);
	const own = names.filter(
		(name) =>
			name.startsWith(`.${basename(path)}-`) &&
			/^[0-9a-f]{16}$/.test(name.slice(basename(path).length + 2)),
	);
	const found = await Promise.all(
		own.map(async (name) => ({
			folder: join(parent, name),
			current: name === target,
			built: (await stat(join(parent, name))).mtime,
		})),
	);
	return found.sort((a, b) => b.built.getTime() - a.built.getTime());
}

/**
 * Removes all but the `keep` newest releases of `path`; the current one always stays.
 * @returns the folders that were removed.
 */
export async function pruneReleases(
	path: string,
	keep: number,
): Promise<string[]> {
	const others = (await keptReleases(path)).filter(({ current }) => !current);
	const old = others.slice(Math.max(0, keep - 1)).map(({ folder }) => folder);
	for (const folder of old) await rm(folder, { recursive: true, force: true });
	return old;
}

/**
 * Makes sure, before the work of a build, that its release can be published as `path`.
 * @throws ExpectedError (exit code 2) when something is in the way, or the folder around it cannot be written.
 */
export async function requirePublishable(path: string): Promise<void> {
	const parent = dirname(path);
	try {
		await mkdir(parent, { recursive: true });
		await access(parent, constants.W_OK);
	} catch (error) {
		throw new ExpectedError(
			{
				code: "OUTPUT_NOT_WRITABLE",
				message: `cannot write into ${parent}: ${error instanceof Error ? error.message : String(error)}`,
				hint: "choose another folder by --output",
			},
			{ cause: error },
		);
	}
	await currentTarget(path);
}

/** The folder that `path` links to by our naming, or undefined when nothing is there yet. */
async function currentTarget(path: string): Promise<string | undefined> {
	const stats = await lstat(path).catch(() => undefined);
	if (!stats) return undefined;
	const target = stats.isSymbolicLink() ? await readlink(path) : "";
	if (!target.startsWith(`.${basename(path)}-`))
		throw new ExpectedError({
			code: "OUTPUT_IN_THE_WAY",
			message: `${path} exists and was not made by dock0, so it is left alone`,
			hint: "move it away, or choose another folder by --output",
		});
	return target;
}

/**
 * Reads a release's manifest and checks that its files are there with the sizes it names.
 * @throws ExpectedError (exit code 2) when `folder` is no complete release.
 */
export async function readRelease(folder: string): Promise<Manifest> {
	try {
		const manifest = JSON.parse(
			await readFile(join(folder, "manifest.json"), "utf8"),
		) as Manifest;
		for (const file of releaseFiles(manifest)) {
			const { size } = await lstat(join(folder, file));
			if (size !== manifest.files[file]?.bytes)
				throw new Error(`${file} has another size than its manifest says`);
		}
		return manifest;
	} catch (error) {
		throw new ExpectedError(
			{
				code: "RELEASE_INCOMPLETE",
				message: `${folder} holds no complete release: ${error instanceof Error ? error.message : String(error)}`,
				hint: "run dock0 build first",
			},
			{ cause: error },
		);
	}
}
