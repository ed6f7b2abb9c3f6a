import { join } from "node:path";
import { environment } from "../system/environment.ts";
import { acquireLock } from "../system/lock.ts";

/**
 * Holds the cache's lock while `work` runs: builds share it, and `dock0 clean` has it alone, so that no
 * entry vanishes under a build that is going to read it.
 */
export async function withCacheLock<Result>(
	use: "shared" | "alone",
	work: () => Promise<Result>,
	options: { signal?: AbortSignal; onWait?: () => void } = {},
): Promise<Result> {
	const lock = await acquireLock(
		join(environment().cacheDir, "locks", "in-use"),
		{ ...options, shared: use === "shared" },
	);
	try {
		return await work();
	} finally {
		await lock.release();
	}
}
