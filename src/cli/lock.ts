import {
	defineCommand,
	type OutputOptions,
	type ProjectOptions,
	print,
	withConfig,
	withOutput,
} from "./command.ts";

interface LockOptions extends ProjectOptions, OutputOptions {
	update?: boolean;
	pool?: string;
}

export const lockCommand = defineCommand((program) => {
	withOutput(
		withConfig(
			program
				.command("lock")
				.description(
					"write down the exact packages of a build, which later builds then install",
				),
		),
	)
		.option("--update", "look for newer packages")
		.option(
			"--pool <dir>",
			"keep the packages' files in this folder, for when no mirror has them any more",
		)
		.action(async (files: string[], options: LockOptions) => {
			const { lockProject } = await import("../pipeline/lock.ts");
			const { withProgress } = await import("./observer.ts");
			const { describeLock } = await import("../report/lock.ts");
			const result = await withProgress(
				files,
				options,
				(project, { observe }) =>
					lockProject(project, {
						observe,
						update: options.update === true,
						pool: options.pool,
					}),
			);
			if (options.json) print(JSON.stringify({ type: "lock", ...result }));
			else if (!options.quiet) print(describeLock(result));
		});
});
