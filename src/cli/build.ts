import {
	defineCommand,
	type OutputOptions,
	type ProjectOptions,
	print,
	withConfig,
	withOutput,
} from "./command.ts";

interface BuildOptions extends ProjectOptions, OutputOptions {
	output?: string;
	refresh?: boolean;
	cacheFrom?: string[];
	cacheTo?: string[];
}

export const buildCommand = defineCommand((program) => {
	withOutput(
		withConfig(
			program
				.command("build")
				.alias("image")
				.description(
					"make kernel, initramfs and squashed root from the config",
				),
		),
	)
		.option(
			"-o, --output <dir>",
			"folder for the release (default: build/ beside the first config)",
		)
		.option(
			"--refresh",
			"look for newer packages instead of using those of the last build",
		)
		.option(
			"--cache-from <place>",
			"folder or URL to pull outputs of steps from; may be given again (docs/cache.md)",
			oneMore,
		)
		.option(
			"--cache-to <place>",
			"where to push what was made here; may be given again",
			oneMore,
		)
		.action(async (files: string[], options: BuildOptions) => {
			const { buildProject } = await import("../pipeline/build.ts");
			const { withProgress } = await import("./observer.ts");
			const { describeRelease } = await import("../report/release.ts");
			const release = await withProgress(
				files,
				options,
				(project, { observe }) =>
					buildProject(project, {
						observe,
						output: options.output,
						refresh: options.refresh === true,
						cache: { from: options.cacheFrom, to: options.cacheTo },
					}),
			);
			if (options.json) print(JSON.stringify({ type: "release", ...release }));
			else if (!options.quiet) print(describeRelease(release));
		});
});

function oneMore(place: string, before: string[] = []): string[] {
	return [...before, place];
}
