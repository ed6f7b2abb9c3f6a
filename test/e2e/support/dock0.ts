import { packageFile } from "../../../src/system/package-files.ts";
import {
	type RunOptions,
	type RunResult,
	run,
} from "../../../src/system/process.ts";

/** Absolute path of a file of the checkout. */
export const checkout = packageFile;

/** Runs the bundled command line, as a user does; never throws for its exit code. */
export function dock0(
	args: readonly string[],
	options: RunOptions = {},
): Promise<RunResult> {
	return run(process.execPath, [checkout("bin/dock0.js"), ...args], {
		okExitCodes: [-1, 0, 1, 2, 70, 130, 143],
		...options,
	});
}
