import type { DevEvent } from "../pipeline/dev.ts";
import { describeBootEvent, parseSeconds } from "./boot-events.ts";
import {
	defineCommand,
	type OutputOptions,
	type ProjectOptions,
	print,
	printError,
	verbosityOf,
	withOutput,
} from "./command.ts";

interface DevOptions extends ProjectOptions, OutputOptions {
	host?: string;
	output?: string;
	timeout: number;
}

export const devCommand = defineCommand((program) => {
	withOutput(
		program
			.command("dev")
			.description(
				"build, boot, and bring every saved change into the running machine",
			)
			.argument(
				"[host-or-config...]",
				"a host of hosts/, or config layers, lowest first (default: dock0.yaml, .yml, .json or .ts of the folder)",
			)
			.option("-C, --directory <dir>", "work as if started in this folder"),
	)
		.option(
			"--host <name>",
			"the host whose layer lies in hosts/, stacked above the config",
		)
		.option("-o, --output <dir>", "folder for release and bundle")
		.option(
			"--timeout <seconds>",
			"how long the host may take to become ready",
			parseSeconds,
			300,
		)
		.action(async (words: string[], options: DevOptions) => {
			const { developProject } = await import("../pipeline/dev.ts");
			const { plainProgress } = await import("../report/progress-plain.ts");
			const { formatProblem } = await import("../system/errors.ts");
			const { maskSecrets } = await import("../system/secrets.ts");
			const [word = ""] = words;
			// No config layer is without an ending.
			const host = /^[\w-]+$/.test(word) ? word : undefined;
			const verbosity = verbosityOf(options);
			const showStep = plainProgress(printError, verbosity);
			await developProject({
				files: host === undefined ? words : words.slice(1),
				hosts: [host ?? options.host].filter((name) => name !== undefined),
				directory: options.directory,
				output: options.output,
				readySeconds: options.timeout,
				observe(event) {
					if (options.json) print(JSON.stringify(event));
					// A round is mostly made of what did not change.
					else if (event.type !== "step:cached" || options.verbose)
						showStep(event);
				},
				tell(event) {
					if (event.type === "output") {
						if (options.verbose && !options.json)
							process.stderr.write(event.chunk);
					} else if (options.json)
						print(
							maskSecrets(
								JSON.stringify(
									event.type === "problem"
										? { type: "problem", problems: event.error.problems }
										: event,
								),
							),
						);
					else if (event.type === "problem")
						for (const problem of event.error.problems)
							printError(maskSecrets(formatProblem(problem)));
					else if (!options.quiet) printError(describe(event));
				},
			});
		});
});

function describe(
	event: Exclude<DevEvent, { type: "output" | "problem" }>,
): string {
	switch (event.type) {
		case "changed":
			return `\nchanged ${shortList(event.files)}`;
		case "host":
			return `        ${event.line}`;
		case "ended":
			return `the machine has ended${event.reason ? ` (${event.reason})` : ""}; the next change starts it again`;
		case "applied":
			return `${describeApplied(event)} in ${event.seconds.toFixed(1)}s`;
		case "watching":
			return `watching ${event.paths} files and folders; Ctrl-C ends the machine`;
		default:
			return describeBootEvent(event);
	}
}

function describeApplied({
	how,
	why,
}: Extract<DevEvent, { type: "applied" }>): string {
	const because = why === undefined ? "" : ` (${why})`;
	switch (how) {
		case "booted":
			return "booted: the machine is ready";
		case "rebooted":
			return `rebooted${because}: the machine is ready with the new release`;
		case "pushed":
			return "pushed: the running machine has the new bundle";
		case "unchanged":
			return "unchanged: nothing of the machine depends on it; looked";
	}
}

function shortList(files: readonly string[]): string {
	const shown = files.slice(0, 5).join(", ");
	return files.length > 5 ? `${shown} and ${files.length - 5} more` : shown;
}
