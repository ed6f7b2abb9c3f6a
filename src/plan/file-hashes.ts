import type { BigIntStats } from "node:fs";
import { readFileSync } from "node:fs";
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../system/environment.ts";
import {
	isSettled,
	sha256,
	sha256File,
	writeFileAtomically,
} from "../system/files.ts";

/** SHA-256 (hex) of a file's content; `stats` are those of `path` just now. */
export type HashFile = (path: string, stats: BigIntStats) => Promise<string>;

/** Below this many bytes, to read a file costs no more than to look it up. */
const smallest = 64n * 1024n;

/** So many hashes are remembered; the oldest go first. */
const most = 10_000;

const memoFile = (): string => join(environment().cacheDir, "file-hashes.json");

/**
 * Lets `work` hash files, the large ones only when they may have changed since the last time: their hashes
 * are remembered on disk by device, inode, size, and the times of the last change of content and of inode.
 * The latter nobody can set, so that also a change with its time stamp put back is noticed.
 */
export async function withFileHashes<Result>(
	work: (hashFile: HashFile) => Promise<Result>,
): Promise<Result> {
	let memo: Promise<Map<string, string>> | undefined;
	const fresh = new Map<string, string>();
	const result = await work(async (path, stats) => {
		if (stats.size < smallest) return sha256(readFileSync(path));
		memo ??= readMemo();
		const id = identity(stats);
		const remembered = (await memo).get(id);
		if (remembered !== undefined) return remembered;
		const now = Date.now();
		const hash = await sha256File(path);
		const after = await lstat(path, { bigint: true });
		if (identity(after) === id && isSettled(stats, now)) fresh.set(id, hash);
		return hash;
	});
	if (fresh.size > 0) await addToMemo(fresh);
	return result;
}

function identity(stats: BigIntStats): string {
	return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(
		":",
	);
}

/** Two builds at once may lose one's hashes, which then are made again. */
async function addToMemo(fresh: ReadonlyMap<string, string>): Promise<void> {
	const all = [...(await readMemo()), ...fresh].slice(-most);
	await writeFileAtomically(
		memoFile(),
		JSON.stringify(Object.fromEntries(all)),
	);
}

async function readMemo(): Promise<Map<string, string>> {
	try {
		return new Map(
			Object.entries(
				JSON.parse(await readFile(memoFile(), "utf8")) as Record<
					string,
					string
				>,
			),
		);
	} catch {
		return new Map();
	}
}
