import { readFile, readlink, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stepFailure } from "../system/errors.ts";
import { readElf } from "./elf.ts";

const programFolders = ["usr/sbin", "usr/bin", "sbin", "bin"];

/** Debian's multiarch folders, and those of Arch and others; merged /usr or not. */
const libraryFolders = [
	"usr/lib/x86_64-linux-gnu",
	"lib/x86_64-linux-gnu",
	"usr/lib",
	"lib",
	"usr/lib64",
	"lib64",
	// systemd's own, and plugins of cryptsetup
	"usr/lib/x86_64-linux-gnu/systemd",
	"lib/x86_64-linux-gnu/systemd",
	"usr/lib/systemd",
	"usr/lib/x86_64-linux-gnu/cryptsetup",
	"usr/lib/cryptsetup",
];

/**
 * Where libraries go in the initramfs: the one folder in which the C library of every distribution
 * looks without a cache or configuration (ld.so(8)).
 */
const libraryTarget = "usr/lib";

/** A file for the initramfs. */
export interface ToolFile {
	/** Where it goes, without the leading `/`. */
	path: string;
	/** Absolute path of what it is copied from, no link. */
	source: string;
}

/**
 * Works out which files the named programs need: themselves, as bin/NAME; the shared libraries that
 * they ask for, and these in turn; and the dynamic loader at the path that is written in the programs.
 * @param root a folder with unpacked packages, each library's among them.
 * @param extraLibraries names of libraries that are only opened while running (dlopen(3)).
 * @returns the files, sorted by path.
 * @throws ExpectedError (exit code 1) naming a program or library that is not there.
 */
export async function toolClosure(
	root: string,
	programs: readonly string[],
	extraLibraries: readonly string[] = [],
): Promise<ToolFile[]> {
	const files = new Map<string, string>();
	const queue: { library: string; by: string }[] = extraLibraries.map(
		(library) => ({ library, by: programs.join(", ") }),
	);
	const add = async (path: string, source: string): Promise<void> => {
		if (files.has(path)) return;
		files.set(path, source);
		const needs = readElf(await readFile(source));
		for (const library of needs?.libraries ?? [])
			queue.push({ library, by: path });
		if (needs?.interpreter === undefined) return;
		const loader = needs.interpreter.replace(/^\/+/, "");
		const found = await findFile(root, [
			loader,
			...libraryFolders.map((folder) => `${folder}/${base(loader)}`),
		]);
		if (!found) throw missing(`the loader ${needs.interpreter}`, path);
		files.set(loader, found);
	};
	for (const program of programs) {
		const found = await findFile(
			root,
			programFolders.map((folder) => `${folder}/${program}`),
		);
		if (!found) throw missing(`the program ${program}`, "the initramfs");
		await add(`bin/${program}`, found);
	}
	for (let next = queue.shift(); next; next = queue.shift()) {
		const { library, by } = next;
		// The loader is also named as a library, by the C library; it is there already.
		if ([...files.keys()].some((path) => base(path) === library)) continue;
		const found = await findFile(
			root,
			libraryFolders.map((folder) => `${folder}/${library}`),
		);
		if (!found) throw missing(`the library ${library}`, by);
		await add(`${libraryTarget}/${library}`, found);
	}
	return [...files]
		.map(([path, source]) => ({ path, source }))
		.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function base(path: string): string {
	return path.slice(path.lastIndexOf("/") + 1);
}

/** The first of the paths that leads to a file, by links that count from `root` when absolute. */
async function findFile(
	root: string,
	paths: readonly string[],
): Promise<string | undefined> {
	for (const path of paths) {
		let place = join(root, path);
		for (let links = 0; links < 20; links++) {
			const target = await readlink(place).catch(() => undefined);
			if (target === undefined) break;
			place = target.startsWith("/")
				? join(root, target)
				: join(dirname(place), target);
		}
		const isFile = await stat(place).then(
			(stats) => stats.isFile(),
			() => false,
		);
		if (isFile) return place;
	}
	return undefined;
}

function missing(what: string, by: string): Error {
	return stepFailure({
		code: "INITRAMFS_TOOL_ABSENT",
		message: `the packages do not hold ${what}, which ${by} needs`,
		hint: "the distribution may have moved it to another package; please report this",
	});
}
