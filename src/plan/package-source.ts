import type { StepContext, StepInputs } from "./step.ts";

/** What is used of a running step to get packages. */
export type ExtractContext = Pick<
	StepContext,
	"out" | "temp" | "signal" | "log" | "progress" | "run" | "runInNamespace"
>;

/** Where packages come from: the machine's own distribution, or the build host's. */
export interface PackageSource {
	/** What decides the content of the packages besides their names. */
	inputs: StepInputs;
	/**
	 * Downloads, verifies and unpacks packages into the folder `target`, without what they depend on, or,
	 * with `libraries`, with the packages of the shared libraries that they depend on.
	 */
	extract(
		context: ExtractContext,
		packages: readonly string[],
		target: string,
		options?: { libraries?: boolean },
	): Promise<unknown>;
}
