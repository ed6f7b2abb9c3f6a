import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import {
	type OutputOptions,
	type ProjectOptions,
	print,
	withConfig,
	withOutput,
} from "./command.ts";

/** Options of commands that talk to a running host. */
export interface TargetOptions extends ProjectOptions, OutputOptions {
	to?: string;
	port?: number;
}

/** A command that takes a config and says where its host is. */
export function withTarget(
	program: Command,
	name: string,
	description: string,
): Command {
	return withOutput(withConfig(program.command(name).description(description)))
		.option(
			"--to <destination>",
			"in place of host.push.to, e.g. admin@192.0.2.1",
		)
		.option("--port <port>", "in place of host.push.port", (text) => {
			const port = Number(text);
			if (!(Number.isInteger(port) && port > 0 && port < 65_536))
				throw new InvalidArgumentError("a port number is wanted");
			return port;
		});
}

/** The project, and where its host is reached. */
export async function targetFor(files: string[], options: TargetOptions) {
	const { loadProject } = await import("../pipeline/project.ts");
	const { targetOf } = await import("../pipeline/push.ts");
	const project = await loadProject({
		files,
		directory: options.directory,
	});
	return { project, target: targetOf(project, options) };
}

/** Shows what the host says, line by line. */
export function lineTeller(options: OutputOptions): (line: string) => void {
	return (line) => {
		if (options.json) print(JSON.stringify({ type: "host", line }));
		else if (!options.quiet) print(line);
	};
}
