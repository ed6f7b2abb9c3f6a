import { join } from "node:path";
import type { CacheEntry } from "../plan/cache.ts";
import { withCacheLock } from "../plan/cache-lock.ts";
import type { Observer } from "../plan/events.ts";
import { execute } from "../plan/execute.ts";
import { type KeyedStep, keySteps } from "../plan/key.ts";
import { sharedCache } from "../plan/remote/shared-cache.ts";
import type { AnyStep } from "../plan/step.ts";
import { interruptSignal } from "../system/cleanup.ts";
import { environment } from "../system/environment.ts";
import { type CacheChoice, cacheRemotes } from "./cache-settings.ts";
import type { Project } from "./project.ts";
import { recordRun } from "./run-record.ts";

/**
 * Makes sure that the outputs of a project's steps are in the cache; the caller holds the cache's lock.
 * @returns gives the path of an output of a root step.
 */
export async function runSteps(
	project: Project,
	steps: readonly KeyedStep[],
	options: { observe: Observer; signal: AbortSignal; cache?: CacheChoice },
): Promise<(step: { name: string }, output?: string) => string> {
	const remotes = await cacheRemotes(options.cache ?? {}, project.startedIn);
	const entries: ReadonlyMap<string, CacheEntry> = await recordRun(
		project.name,
		"build",
		(record) => {
			const observe: Observer = (event) => {
				record(event);
				options.observe(event);
			};
			return execute({
				...options,
				observe,
				steps,
				shared:
					remotes.from.length + remotes.to.length > 0
						? sharedCache(remotes, { ...options, observe })
						: undefined,
				logDir: join(environment().cacheDir, "logs", project.name),
			});
		},
	);
	return (step, output = ".") => {
		const entry = entries.get(step.name);
		if (!entry) throw new Error(`${step.name} is no root of the plan`);
		return join(entry.outputs, output);
	};
}

/** Makes the outputs of steps and does `work` with them, while nobody prunes the cache. */
export function withSteps<Result>(
	project: Project,
	steps: readonly AnyStep[],
	options: { observe: Observer; signal?: AbortSignal },
	work: (
		output: (step: { name: string }, output?: string) => string,
	) => Promise<Result>,
): Promise<Result> {
	const { observe, signal = interruptSignal() } = options;
	return withCacheLock(
		"shared",
		async () =>
			work(await runSteps(project, await keySteps(steps), { observe, signal })),
		{ signal },
	);
}

/** The same with the folder of one step's outputs. */
export function withOutputs<Result>(
	project: Project,
	step: AnyStep,
	options: { observe: Observer; signal?: AbortSignal },
	work: (outputs: string) => Promise<Result>,
): Promise<Result> {
	return withSteps(project, [step], options, (output) => work(output(step)));
}
