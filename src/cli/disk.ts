import { Option } from "commander";
import {
	type OutputFormat,
	outputFormats,
} from "../image/disk/output-formats.ts";
import {
	defineCommand,
	type OutputOptions,
	type ProjectOptions,
	print,
	withConfig,
	withOutput,
} from "./command.ts";

interface DiskOptions extends ProjectOptions, OutputOptions {
	output?: string;
	refresh?: boolean;
	format?: OutputFormat[];
}

export const diskCommand = defineCommand((program) => {
	withOutput(
		withConfig(
			program
				.command("disk")
				.description("build, and put the release on a disk image that boots"),
		),
	)
		.option(
			"-o, --output <dir>",
			"folder for release and disk (default: build/ beside the first config)",
		)
		.addOption(
			new Option(
				"--format <format...>",
				"what to write (default: disk.formats of the config)",
			).choices(outputFormats),
		)
		.option(
			"--refresh",
			"look for newer packages instead of using those of the last build",
		)
		.action(async (files: string[], options: DiskOptions) => {
			const { buildDisk } = await import("../pipeline/disk.ts");
			const { withProgress } = await import("./observer.ts");
			const { describeRelease, describeDisks } = await import(
				"../report/release.ts"
			);
			const { release, disks } = await withProgress(
				files,
				options,
				(project, { observe }) =>
					buildDisk(project, {
						observe,
						output: options.output,
						refresh: options.refresh === true,
						formats: options.format,
					}),
			);
			if (options.json)
				print(JSON.stringify({ type: "disk", ...release, disks }));
			else if (!options.quiet) {
				print(describeRelease(release));
				print(describeDisks(disks));
			}
		});
});
