import { readFile } from "node:fs/promises";
import { ExpectedError } from "../system/errors.ts";
import {
	type CustomiseJob,
	formatEvent,
	type WorkerEvent,
} from "./customise/job.ts";
import { performJob } from "./customise/perform.ts";

// Entry point of the process that customise.ts starts as root of a namespace; the job file is its argument.

function emit(event: WorkerEvent): void {
	process.stdout.write(`${formatEvent(event)}\n`);
}

async function main(jobFile: string): Promise<void> {
	const job = JSON.parse(await readFile(jobFile, "utf8")) as CustomiseJob;
	process.umask(0o022);
	await performJob(job, {
		log: (line) => emit({ event: "log", line }),
		stage: (done, total, title) => emit({ event: "stage", done, total, title }),
	});
}

try {
	await main(process.argv[2] ?? "");
} catch (error) {
	emit(
		error instanceof ExpectedError
			? { event: "failed", problems: error.problems }
			: {
					event: "bug",
					stack:
						error instanceof Error
							? (error.stack ?? error.message)
							: String(error),
				},
	);
	process.exitCode = 1;
}
