import { defineCommand } from "./command.ts";
import { choiceOf, type HostOptions, withHosts } from "./hosts.ts";

export const sshCommand = defineCommand((program) => {
	withHosts(
		program.command("ssh").description("log in to a host, wherever it is"),
	)
		.option("-l, --login <user>", "who logs in", "root")
		.option("--run <command>", "run this instead of a shell")
		.action(
			async (
				files: string[],
				options: HostOptions & { login: string; run?: string },
			) => {
				const { findServer } = await import("../pipeline/deploy.ts");
				const { runInteractively } = await import("../system/process.ts");
				const { server } = await findServer(choiceOf(files, options));
				process.exitCode = await runInteractively("ssh", [
					...(server.sshOptions ?? []),
					`${options.login}@${server.address}`,
					...(options.run === undefined ? [] : [options.run]),
				]);
			},
		);
});
