import { join } from "node:path";
import { environment } from "../system/environment.ts";
import { acquireLock } from "../system/lock.ts";
import { type CacheEntry, findEntry } from "./cache.ts";
import { addDurations, readDurations } from "./durations.ts";
import type { KeyedStep } from "./key.ts";
import type { SharedCache } from "./remote/shared-cache.ts";
import { type RunStepOptions, runStep } from "./run-step.ts";
import { schedule } from "./schedule.ts";
import type { AnyStep } from "./step.ts";

export interface ExecuteOptions extends RunStepOptions {
	steps: readonly KeyedStep[];
	/** Where else outputs may come from, and are offered to. */
	shared?: SharedCache | undefined;
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
	const { shared } = options;
	const { missing } = await missingSteps(
		options.steps,
		shared && ((keyed) => shared.pull(keyed)),
	);
	const durations = await readDurations();
	options.observe({
		type: "plan",
		steps: options.steps.map(({ step }) => ({
			name: step.name,
			title: step.title,
			cached: !missing.has(step),
			needs: Object.values(step.needs).map(({ name }) => name),
			...(durations[step.name] === undefined
				? {}
				: { expected: durations[step.name] as number }),
		})),
	});
	const ran: Record<string, number> = {};
	const running = schedule(
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
				await makeEntry(keyed, entries, {
					...options,
					signal,
					observe: (event) => {
						if (event.type === "step:done") ran[event.step] = event.seconds;
						options.observe(event);
					},
				}),
			);
		},
		(reason) => stop.abort(reason),
	);
	try {
		await running;
	} finally {
		await addDurations(ran);
		await shared?.finish();
	}
	return entries;
}

/**
 * Which steps must run: absent from the cache, and asked for or read by one that must run. `cached` are
 * those whose outputs are there.
 * @param pull tries to bring the outputs of a wanted step here, so that what it reads is not wanted
 */
export async function missingSteps(
	steps: readonly KeyedStep[],
	pull?: (keyed: KeyedStep) => Promise<boolean>,
): Promise<{ missing: Set<AnyStep>; cached: Set<AnyStep> }> {
	const missing = new Set<AnyStep>();
	const cached = new Set<AnyStep>();
	for (const keyed of [...steps].reverse()) {
		const { step, key, isRoot } = keyed;
		const asked =
			isRoot ||
			[...missing].some((user) => Object.values(user.needs).includes(step));
		if ((await findEntry(key)) || (asked && (await pull?.(keyed))))
			cached.add(step);
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
		options.shared?.push(keyed, entry);
		return entry;
	} finally {
		await lock.release();
	}
}
