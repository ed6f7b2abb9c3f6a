import {
	defineCommand,
	type OutputOptions,
	type ProjectOptions,
	print,
	printError,
	withConfig,
	withOutput,
} from "./command.ts";

interface ConfigOptions extends ProjectOptions, OutputOptions {
	output?: string;
	refresh?: boolean;
}

export const configCommand = defineCommand((program) => {
	withOutput(
		withConfig(
			program
				.command("config")
				.description(
					"make only the host's bundle: what `host:` says, as a small image above the root",
				),
		),
	)
		.option(
			"-o, --output <dir>",
			"folder for the bundle's folder (default: build/ beside the first config)",
		)
		.option("--refresh", "fetch ssh keys from their addresses again")
		.action(async (files: string[], options: ConfigOptions) => {
			const { buildBundle } = await import("../pipeline/bundle.ts");
			const { loadProject } = await import("../pipeline/project.ts");
			const { interruptSignal } = await import("../system/cleanup.ts");
			const { describeBundle } = await import("../report/release.ts");
			const project = await loadProject({
				files,
				directory: options.directory,
			});
			const bundle = await buildBundle(project, {
				output: options.output,
				refresh: options.refresh === true,
				signal: interruptSignal(),
				log: (line) => {
					if (options.verbose) printError(line);
				},
			});
			if (options.json) print(JSON.stringify({ type: "bundle", ...bundle }));
			else if (!options.quiet) print(describeBundle(bundle));
		});
});
