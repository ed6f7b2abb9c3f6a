import { join } from "node:path";
import type { CacheEntry } from "../plan/cache.ts";
import type { Observer } from "../plan/events.ts";
import { execute } from "../plan/execute.ts";
import type { KeyedStep } from "../plan/key.ts";
import { environment } from "../system/environment.ts";
import type { Project } from "./project.ts";

/**
 * Makes sure that the outputs of a project's steps are in the cache; the caller holds the cache's lock.
 * @returns gives the path of an output of a root step.
 */
export async function runSteps(
	project: Project,
	steps: readonly KeyedStep[],
	options: { observe: Observer; signal: AbortSignal },
): Promise<(step: { name: string }, output?: string) => string> {
	const entries: ReadonlyMap<string, CacheEntry> = await execute({
		...options,
		steps,
		logDir: join(environment().cacheDir, "logs", project.name),
	});
	return (step, output = ".") => {
		const entry = entries.get(step.name);
		if (!entry) throw new Error(`${step.name} is no root of the plan`);
		return join(entry.outputs, output);
	};
}
