import type { Command } from "commander";
import type { HostChoice } from "../pipeline/hosts.ts";
import { type ProjectOptions, withConfig } from "./command.ts";

/** Options of commands that are about the servers of hosts. */
export interface HostOptions extends ProjectOptions {
	host?: string[];
	all?: boolean;
}

/** Adds the options that say which hosts. */
export function withHosts(command: Command): Command {
	return withConfig(command).option(
		"--host <name...>",
		"hosts whose layers lie in hosts/, each stacked above the config",
	);
}

export function choiceOf(
	files: readonly string[],
	options: HostOptions,
): HostChoice {
	return {
		files,
		directory: options.directory,
		hosts: options.host,
		all: options.all,
	};
}
