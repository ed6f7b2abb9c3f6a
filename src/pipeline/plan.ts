import { missingSteps } from "../plan/execute.ts";
import { readHistory } from "../plan/history.ts";
import { keySteps } from "../plan/key.ts";
import { explainChange } from "../plan/why.ts";
import { packagesStamp } from "./packages-stamp.ts";
import type { Project } from "./project.ts";
import { publishedSteps, releaseSteps } from "./steps.ts";

/** A step of the plan, and whether it would run now. */
export interface PlannedStep {
	name: string;
	title: string;
	key: string;
	needs: string[];
	/** `unneeded`: not in the cache, but nothing that must run reads it. */
	state: "cached" | "runs" | "unneeded";
	/** Why it must run; empty unless `runs`. */
	reasons: string[];
}

/** What a build would do now, without doing it. */
export async function planProject(project: Project): Promise<PlannedStep[]> {
	const steps = await releaseSteps(project, await packagesStamp(project));
	const keyed = await keySteps(publishedSteps(steps));
	const { missing, cached } = await missingSteps(keyed);
	const history = await readHistory(project.identity);
	return keyed.map(({ step, key, inputs }) => ({
		name: step.name,
		title: step.title,
		key,
		needs: Object.values(step.needs).map((need) => need.name),
		state: missing.has(step)
			? "runs"
			: cached.has(step)
				? "cached"
				: "unneeded",
		reasons: missing.has(step) ? explainChange(inputs, history[step.name]) : [],
	}));
}

/** The plan as text, a line a step and an indented line for each reason. */
export function describePlan(plan: readonly PlannedStep[]): string {
	const width = Math.max(...plan.map(({ name }) => name.length));
	return plan
		.flatMap(({ name, title, state, reasons }) => [
			`${state.padEnd(8)} ${name.padEnd(width)}  ${title}`,
			...reasons.map((reason) => `         because ${reason}`),
		])
		.join("\n");
}
