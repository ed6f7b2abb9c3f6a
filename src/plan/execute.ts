import { join } from "node:path";
import { environment } from "../system/environment.ts";
import { acquireLock } from "../system/lock.ts";
import { type CacheEntry, findEntry } from "./cache.ts";
import type { KeyedStep } from "./key.ts";
import { type RunStepOptions, runStep } from "./run-step.ts";
import { schedule } from "./schedule.ts";
import type { AnyStep } from "./step.ts";

export interface ExecuteOptions extends RunStepOptions {
	steps: readonly KeyedStep[];
}

/**
 * Makes sure that every step's outputs are in the cache: what is there is used, the rest runs, side by
 * side where it can. Returns the entry of each step by name.
 * @throws ExpectedError (exit code 1) naming the step that failed and its log.
 */
export async function execute(
	options: ExecuteOptions,
): Promise<ReadonlyMap<string, CacheEntry>> {
	const entries = new Map<string, CacheEntry>();
	const stop = new AbortController();
	const signal = AbortSignal.any([options.signal, stop.signal]);
	const { missing } = await missingSteps(options.steps);
	options.observe({
		type: "plan",
		steps: options.steps.map(({ step }) => ({
			name: step.name,
			title: step.title,
			cached: !missing.has(step),
		})),
	});
	await schedule(
		options.steps,
		async (keyed) => {
			const cached = await findEntry(keyed.key);
			if (cached) {
				const { name: step, title } = keyed.step;
				options.observe({ type: "step:cached", step, title });
				entries.set(step, cached);
				return;
			}
			if (!missing.has(keyed.step)) return;
			signal.throwIfAborted();
			entries.set(
				keyed.step.name,
				await makeEntry(keyed, entries, { ...options, signal }),
			);
		},
		(reason) => stop.abort(reason),
	);
	return entries;
}

/**
 * Which steps must run: absent from the cache, and asked for or read by one that must run. `cached` are
 * those whose outputs are there.
 */
export async function missingSteps(
	steps: readonly KeyedStep[],
): Promise<{ missing: Set<AnyStep>; cached: Set<AnyStep> }> {
	const missing = new Set<AnyStep>();
	const cached = new Set<AnyStep>();
	for (const { step, key, isRoot } of [...steps].reverse()) {
		const asked =
			isRoot ||
			[...missing].some((user) => Object.values(user.needs).includes(step));
		if (await findEntry(key)) cached.add(step);
		else if (asked) missing.add(step);
	}
	return { missing, cached };
}

async function makeEntry(
	keyed: KeyedStep,
	entries: ReadonlyMap<string, CacheEntry>,
	options: ExecuteOptions,
): Promise<CacheEntry> {
	const { step, key } = keyed;
	const { observe, signal } = options;
	const lock = await acquireLock(
		join(environment().cacheDir, "locks", key.slice(0, 32)),
		{
			signal,
			onWait: () =>
				observe({
					type: "step:waiting",
					step: step.name,
					reason: "another build is making it",
				}),
		},
	);
	try {
		const theirs = await findEntry(key);
		if (theirs) {
			observe({ type: "step:cached", step: step.name, title: step.title });
			return theirs;
		}
		await runStep(keyed, entries, options);
		const entry = await findEntry(key);
		if (!entry) throw new Error(`the entry of ${step.name} vanished`);
		return entry;
	} finally {
		await lock.release();
	}
}
