import type { StepContext, StepInputs } from "../plan/step.ts";

/** What is used of a running step to get packages. */
export type ExtractContext = Pick<
	StepContext,
	"out" | "temp" | "signal" | "log" | "progress" | "run" | "runInNamespace"
>;

/** Where packages come from: the machine's own distribution, or the build host's. */
export interface PackageSource {
	/** What decides the content of the packages besides their names. */
	inputs: StepInputs;
	/** Downloads, verifies and unpacks packages, without dependencies, into the folder `target`. */
	extract(
		context: ExtractContext,
		packages: readonly string[],
		target: string,
	): Promise<unknown>;
}
