import {
	lstat,
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rename,
	utimes,
} from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../system/environment.ts";
import { writeFileAtomically } from "../system/files.ts";
import { removeTree } from "../system/namespace.ts";
import type { InputRecord } from "./key.ts";

/** What is kept beside an entry's outputs. */
export interface EntryRecord {
	step: string;
	inputs: InputRecord;
	seconds: number;
	bytes: number;
}

export interface CacheEntry {
	key: string;
	/** Folder of the outputs. */
	outputs: string;
	record: EntryRecord;
	/** Milliseconds since the epoch. */
	lastUsed: number;
}

const entriesDir = (): string => join(environment().cacheDir, "steps");
const entryDir = (key: string): string => join(entriesDir(), key);

/** The entry under `key`, freshly marked as used, or undefined. */
export async function findEntry(key: string): Promise<CacheEntry | undefined> {
	const folder = entryDir(key);
	try {
		const record = JSON.parse(
			await readFile(join(folder, "step.json"), "utf8"),
		) as EntryRecord;
		const now = new Date();
		// Age for `dock0 clean` counts from the last use.
		await utimes(folder, now, now).catch(() => undefined);
		return {
			key,
			outputs: join(folder, "out"),
			record,
			lastUsed: now.getTime(),
		};
	} catch {
		return undefined;
	}
}

/** A fresh folder on the cache's file system; its name tells whose it is, so that `clean` can tell leftovers. */
export async function makeWorkFolder(step: string): Promise<string> {
	const { tempDir } = environment();
	await mkdir(tempDir, { recursive: true });
	const folder = await mkdtemp(
		join(tempDir, `${process.pid}-${step.replaceAll("/", "-")}-`),
	);
	return folder;
}

/**
 * Moves `work/out` into the cache under `key`. The record is written into the work folder first and the
 * whole folder renamed at once, so that an entry is either complete or not there.
 */
export async function putEntry(
	key: string,
	work: string,
	record: EntryRecord,
): Promise<void> {
	await mkdir(entriesDir(), { recursive: true });
	await writeFileAtomically(join(work, "step.json"), JSON.stringify(record));
	await removeTree(join(work, "temp"));
	try {
		await rename(work, entryDir(key));
	} catch (error) {
		// ENOTEMPTY: somebody without our lock was faster; theirs is as good as ours.
		if (!(await findEntry(key))) throw error;
		await removeTree(work);
	}
}

/** Size of a folder's regular files in bytes. */
export async function folderBytes(folder: string): Promise<number> {
	let bytes = 0;
	for (const name of await readdir(folder)) {
		const path = join(folder, name);
		const stats = await lstat(path);
		bytes += stats.isDirectory() ? await folderBytes(path) : stats.size;
	}
	return bytes;
}

/** All complete entries, most recently used first. */
export async function listEntries(): Promise<CacheEntry[]> {
	const entries: CacheEntry[] = [];
	for (const key of await readdir(entriesDir()).catch(() => [])) {
		try {
			const record = JSON.parse(
				await readFile(join(entryDir(key), "step.json"), "utf8"),
			) as EntryRecord;
			const { mtimeMs } = await lstat(entryDir(key));
			entries.push({
				key,
				outputs: join(entryDir(key), "out"),
				record,
				lastUsed: mtimeMs,
			});
		} catch {
			await removeTree(entryDir(key));
		}
	}
	return entries.sort((a, b) => b.lastUsed - a.lastUsed);
}

/** Removes an entry; the rename makes it vanish at once for everyone else. */
export async function removeEntry(key: string): Promise<void> {
	const doomed = join(
		environment().tempDir,
		`${process.pid}-removed-${key.slice(0, 12)}`,
	);
	await mkdir(environment().tempDir, { recursive: true });
	await rename(entryDir(key), doomed);
	await removeTree(doomed);
}

/** Work folders whose process is gone: what a SIGKILL left behind. */
export async function removeLeftovers(): Promise<number> {
	const { tempDir } = environment();
	let removed = 0;
	for (const name of await readdir(tempDir).catch(() => [])) {
		const pid = Number(/^(\d+)-/.exec(name)?.[1]);
		if (pid > 0 && isAlive(pid)) continue;
		await removeTree(join(tempDir, name));
		removed += 1;
	}
	return removed;
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}
