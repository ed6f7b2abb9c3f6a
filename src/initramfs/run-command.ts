import type { RunOptions, RunResult } from "../system/process.ts";

/** How this folder starts programs: a step's `context.run`, or `run` of system/process.ts. */
export type RunCommand = (
	command: string,
	args: readonly string[],
	options?: RunOptions,
) => Promise<RunResult>;
