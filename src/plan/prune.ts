import {
	type CacheEntry,
	listEntries,
	removeEntry,
	removeLeftovers,
} from "./cache.ts";
import { withCacheLock } from "./cache-lock.ts";

export interface PruneLimits {
	/** Entries unused for longer go. */
	olderThanDays?: number | undefined;
	/** Then the least recently used go until the rest is this small. */
	maxBytes?: number | undefined;
}

export interface PruneResult {
	removed: CacheEntry[];
	kept: CacheEntry[];
	leftovers: number;
}

/** Chooses which entries go; pure. `entries` most recently used first. */
export function chooseEntriesToRemove(
	entries: readonly CacheEntry[],
	limits: PruneLimits,
	now: number,
): CacheEntry[] {
	const { olderThanDays, maxBytes } = limits;
	let keptBytes = 0;
	return entries.filter((entry) => {
		const days = (now - entry.lastUsed) / 86_400_000;
		if (olderThanDays !== undefined && days > olderThanDays) return true;
		if (maxBytes !== undefined && keptBytes + entry.record.bytes > maxBytes)
			return true;
		keptBytes += entry.record.bytes;
		return false;
	});
}

/** Removes cache entries beyond the limits, and what killed builds left behind; waits for running builds. */
export function prune(limits: PruneLimits): Promise<PruneResult> {
	return withCacheLock("alone", async () => {
		const leftovers = await removeLeftovers();
		const entries = await listEntries();
		const removed = chooseEntriesToRemove(entries, limits, Date.now());
		for (const entry of removed) await removeEntry(entry.key);
		return {
			removed,
			kept: entries.filter((entry) => !removed.includes(entry)),
			leftovers,
		};
	});
}
