import { CommanderError } from "commander";
import { reportFailure } from "./failure.ts";
import { createProgram } from "./program.ts";

// `dock0 schema | head` closes the pipe early, which is no error of anybody's.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
	process.exit();
});

try {
	await createProgram().parseAsync();
} catch (error) {
	if (error instanceof CommanderError)
		// --help and --version come here too, with exit code 0
		process.exitCode = error.exitCode === 0 ? 0 : 2;
	else
		process.exitCode = reportFailure(error, {
			json: process.argv.includes("--json"),
		});
}
