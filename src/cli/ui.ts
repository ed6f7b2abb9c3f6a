import { InvalidArgumentError } from "commander";
import { defineCommand, print, printError } from "./command.ts";
import { choiceOf, type HostOptions, withHosts } from "./hosts.ts";

interface UiCommandOptions extends HostOptions {
	output?: string;
	port?: number;
}

export const uiCommand = defineCommand((program) => {
	withHosts(
		program
			.command("ui")
			.description(
				"a page for the browser of this machine: releases, machines, deploys, live logs",
			),
	)
		.option("-o, --output <dir>", "folder given to dock0 build --output")
		.option(
			"--port <port>",
			"of 127.0.0.1 (default: one that is free)",
			(text) => {
				const port = Number(text);
				if (!(Number.isInteger(port) && port > 0 && port < 65_536))
					throw new InvalidArgumentError("a port number is wanted");
				return port;
			},
		)
		.action(async (files: string[], options: UiCommandOptions) => {
			const { serveUi } = await import("../ui/server.ts");
			const { interruptSignal } = await import("../system/cleanup.ts");
			const signal = interruptSignal();
			const ui = await serveUi({
				...choiceOf(files, options),
				output: options.output,
				port: options.port,
			});
			print(ui.address);
			printError("whoever has this address can build; Ctrl-C ends it");
			await new Promise((resolve) => {
				signal.addEventListener("abort", resolve, { once: true });
			});
			await ui.close();
			signal.throwIfAborted();
		});
});
