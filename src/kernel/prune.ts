import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type CacheEntry, listEntries, removeEntry } from "../plan/cache.ts";
import { downloadsDir } from "./source/fetch-step.ts";

const kernelSteps = [
	"kernel/source",
	"kernel/tree",
	"kernel/config",
	"kernel/compile",
];

export interface KernelPruneResult {
	removedEntries: CacheEntry[];
	/** File names of downloaded archives. */
	removedDownloads: string[];
}

/** Of each kind of kernel step, the entries beyond the `keep` most recently used; pure. */
export function chooseOldKernels(
	entries: readonly CacheEntry[],
	keep: number,
): CacheEntry[] {
	return kernelSteps.flatMap((step) =>
		entries
			.filter(({ record }) => record.step === step)
			.sort((a, b) => b.lastUsed - a.lastUsed)
			.slice(keep),
	);
}

/** Removes old archives, trees, configs and compiled kernels, keeping the newest `keep` of each. */
export async function pruneKernels(keep: number): Promise<KernelPruneResult> {
	const removedEntries = chooseOldKernels(await listEntries(), keep);
	for (const { key } of removedEntries) await removeEntry(key);
	const folder = downloadsDir();
	const downloads = await Promise.all(
		(await readdir(folder).catch((): string[] => [])).map(async (name) => ({
			name,
			changed: (await stat(join(folder, name))).mtimeMs,
		})),
	);
	const removedDownloads = downloads
		.sort((a, b) => b.changed - a.changed)
		.slice(keep)
		.map(({ name }) => name);
	for (const name of removedDownloads) await rm(join(folder, name));
	return { removedEntries, removedDownloads };
}
