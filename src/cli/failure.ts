import { interruptedBy } from "../system/cleanup.ts";
import { environment } from "../system/environment.ts";
import { ExpectedError, formatProblem, stepFailure } from "../system/errors.ts";
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
	const failure = systemRefusal(error) ?? error;
	if (failure instanceof ExpectedError) {
		if (options.json)
			process.stdout.write(
				`${maskSecrets(JSON.stringify({ type: "error", problems: failure.problems }))}\n`,
			);
		else
			for (const problem of failure.problems)
				printError(maskSecrets(formatProblem(problem)));
		return failure.exitCode;
	}
	const stack =
		error instanceof Error ? (error.stack ?? error.message) : String(error);
	printError(
		maskSecrets(`This is a bug in dock0, not in your input:\n${stack}`),
	);
	printError("Please report it with the command you ran and the lines above.");
	return 70;
}

/** Errors of errno(3) that tell of the machine and not of us: a full disk, a folder that cannot be written. */
function systemRefusal(error: unknown): ExpectedError | undefined {
	if (!(error instanceof Error)) return undefined;
	const { code = "", path = "" } = error as NodeJS.ErrnoException;
	const { cacheDir } = environment();
	const always = ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EIO"].includes(code);
	const inCache =
		["ENOTDIR", "EEXIST"].includes(code) && path.startsWith(cacheDir);
	if (!always && !inCache) return undefined;
	return stepFailure(
		{
			code: "SYSTEM_REFUSED",
			message: `the system refused: ${error.message}`,
			hint: `make room, or set DOCK0_CACHE_DIR to a folder that you may write (now ${cacheDir})`,
		},
		error,
	);
}
