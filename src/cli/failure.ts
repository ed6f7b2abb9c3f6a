import { interruptedBy } from "../system/cleanup.ts";
import { ExpectedError, formatProblem } from "../system/errors.ts";
import { maskSecrets } from "../system/secrets.ts";
import { printError } from "./command.ts";

/**
 * Shows an error to the person and returns the exit code: 2 for bad input, 1 for a failed step,
 * 128 + signal when interrupted, 70 (sysexits.h: EX_SOFTWARE) for a bug of ours, with its stack.
 */
export function reportFailure(
	error: unknown,
	options: { json: boolean },
): number {
	const signal = interruptedBy();
	if (signal !== undefined) {
		printError("interrupted; everything that was started is stopped");
		return 128 + signal;
	}
	if (error instanceof ExpectedError) {
		if (options.json)
			process.stdout.write(
				`${maskSecrets(JSON.stringify({ type: "error", problems: error.problems }))}\n`,
			);
		else
			for (const problem of error.problems)
				printError(maskSecrets(formatProblem(problem)));
		return error.exitCode;
	}
	const stack =
		error instanceof Error ? (error.stack ?? error.message) : String(error);
	printError(
		maskSecrets(`This is a bug in dock0, not in your input:\n${stack}`),
	);
	printError("Please report it with the command you ran and the lines above.");
	return 70;
}
