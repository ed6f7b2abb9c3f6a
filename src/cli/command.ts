import type { Command } from "commander";
import type { Verbosity } from "../report/progress-plain.ts";
import { environment } from "../system/environment.ts";

/** A command of the CLI: adds itself, with its options and action, to the program. */
export type CommandDefinition = (program: Command) => void;

/** The one shape of a command file: `export const xCommand = defineCommand((program) => { … })`. */
export function defineCommand(
	definition: CommandDefinition,
): CommandDefinition {
	return definition;
}

/** Options that every command which reads a config takes. */
export interface ProjectOptions {
	directory?: string;
}

/** Adds `[config...]` and `-C`. */
export function withConfig(command: Command): Command {
	return command
		.argument(
			"[config...]",
			"config layers, lowest first (default: dock0.yaml, .yml, .json or .ts of the folder)",
		)
		.option("-C, --directory <dir>", "work as if started in this folder");
}

/** Options of commands that run steps. */
export interface OutputOptions {
	json?: boolean;
	quiet?: boolean;
	verbose?: boolean;
}

/** Adds `--json`, `--quiet`, `--verbose`. */
export function withOutput(command: Command): Command {
	return command
		.option(
			"--json",
			"one JSON object a line on standard output (docs/json-events.md)",
		)
		.option("-q, --quiet", "say only what went wrong")
		.option("-v, --verbose", "show every line of every step");
}

export function verbosityOf(options: OutputOptions): Verbosity {
	if (options.quiet) return "quiet";
	return options.verbose ? "verbose" : "normal";
}

/** Writes a line to standard output. */
export function print(line: string): void {
	process.stdout.write(`${line}\n`);
}

/** Writes a line to standard error. */
export function printError(line: string): void {
	process.stderr.write(`${line}\n`);
}

/** Whether a live display makes sense. */
export function isInteractive(): boolean {
	return environment().stdoutIsTty && environment().env.TERM !== "dumb";
}
