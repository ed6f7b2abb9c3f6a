import { defineCommand } from "./command.ts";
import { choiceOf, type HostOptions, withHosts } from "./hosts.ts";

export const consoleCommand = defineCommand((program) => {
	withHosts(
		program
			.command("console")
			.description("the serial console of a host's server, whatever it does"),
	).action(async (files: string[], options: HostOptions) => {
		const { findServer } = await import("../pipeline/deploy.ts");
		const { runInteractively } = await import("../system/process.ts");
		const { server, provider } = await findServer(choiceOf(files, options));
		process.exitCode = await runInteractively(
			"ssh",
			await provider.console(server),
		);
	});
});
