import { lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { TrimSettings } from "../schema.ts";
import { anyMatcher } from "./glob.ts";

/** What to remove from the tree, and what of that to keep, as globs. */
export interface TrimPatterns {
	remove: string[];
	keep: string[];
}

const licences = [
	"/usr/share/doc/*/copyright",
	"/usr/share/common-licenses",
	"/usr/share/licenses",
];

/** The globs behind the switches of `rootfs.trim`. */
export function trimPatterns(trim: TrimSettings): TrimPatterns {
	const remove = [...trim.paths];
	const keep = [...trim.keep];
	if (trim.docs)
		remove.push(
			"/usr/share/{doc,doc-base,info,help,gtk-doc,lintian,bug,linda}",
		);
	if (trim.licences) remove.push(...licences);
	else keep.push(...licences);
	if (trim.man) remove.push("/usr/share/man/**", "/usr/local/share/man/**");
	if (trim.locales !== false) {
		const kept = trim.locales === true ? [] : trim.locales;
		remove.push("/usr/share/locale/*/**", "/usr/lib/locale/**");
		// glibc's C.UTF-8, which programs expect whatever the language.
		keep.push("/usr/lib/locale/C.utf8");
		if (kept.length === 0) remove.push("/usr/share/i18n");
		else keep.push("/usr/lib/locale/locale-archive");
		for (const language of kept)
			keep.push(
				`/usr/share/locale/${language}{,_*,@*,.*}`,
				`/usr/lib/locale/${language}{,_*,@*,.*}`,
			);
	}
	if (trim.packageManager)
		remove.push(
			"/var/{lib,cache}/apt/**",
			"/var/cache/debconf/**",
			"/var/lib/dpkg/{info,triggers,updates,parts}/**",
			"/var/lib/dpkg/{available,cmethopt,lock,lock-frontend}",
			"/var/lib/pacman/sync",
			"/var/lib/pacman/local/*/{files,mtree,install}",
			"/var/cache/pacman/**",
		);
	return { remove, keep };
}

/** An entry of a tree, by its absolute path there. */
export interface TrimEntry {
	path: string;
	isFolder: boolean;
}

/**
 * What the patterns name of a tree's entries: files to remove, and folders to remove if they are empty then,
 * inner ones first. Pure.
 */
export function trimmed(
	entries: readonly TrimEntry[],
	{ remove, keep }: TrimPatterns,
): { files: string[]; folders: string[] } {
	const wanted = anyMatcher(remove);
	const kept = anyMatcher(keep);
	const named = entries.filter(({ path }) => wanted(path) && !kept(path));
	return {
		files: named.filter(({ isFolder }) => !isFolder).map(({ path }) => path),
		folders: named
			.filter(({ isFolder }) => isFolder)
			.map(({ path }) => path)
			.sort()
			.reverse(),
	};
}

/**
 * Removes what `trimmed` says of a tree. Links are never followed. Synchronous: among ten thousands of files,
 * waiting for each takes four times as long, and the worker has nothing else to do.
 * @returns how many files were removed.
 */
export function removePaths(tree: string, patterns: TrimPatterns): number {
	// While scripts run, /proc, /sys, /dev and /run are mounted, and those of this machine are not ours to trim.
	const { dev: device } = lstatSync(tree);
	const entries: TrimEntry[] = [];
	const visit = (path: string): void => {
		if (lstatSync(join(tree, path)).dev !== device) return;
		for (const entry of readdirSync(join(tree, path), {
			withFileTypes: true,
		})) {
			const inner = {
				path: `${path}/${entry.name}`,
				isFolder: entry.isDirectory(),
			};
			entries.push(inner);
			if (inner.isFolder) visit(inner.path);
		}
	};
	visit("");
	const { files, folders } = trimmed(entries, patterns);
	for (const file of files) unlinkSync(join(tree, file));
	for (const folder of folders) removeIfEmpty(join(tree, folder));
	return files.length;
}

function removeIfEmpty(folder: string): void {
	try {
		rmdirSync(folder);
	} catch {
		// it holds something that is kept
	}
}
