import type { Command } from "commander";
import {
	defineCommand,
	type OutputOptions,
	type ProjectOptions,
	print,
	printError,
	withConfig,
	withOutput,
} from "./command.ts";

interface KernelOptions extends ProjectOptions, OutputOptions {
	save?: string;
	output?: string;
	fragment?: string;
}

export const kernelCommand = defineCommand((program) => {
	const kernel = program
		.command("kernel")
		.description("the kernel alone: configure, compile, compare, check");

	withProject(
		kernel.command("config"),
		"make the .config, and say which requested options were dropped and why",
	)
		.option(
			"--save <file>",
			"write the .config there (default: build/NAME.kernel.config)",
		)
		.action(async (files: string[], options: KernelOptions) => {
			const { withProgress } = await import("./observer.ts");
			const { configureKernel } = await import("../pipeline/kernel.ts");
			const { config, dropped } = await withProgress(
				files,
				options,
				(project, { observe }) =>
					configureKernel(project, { observe, save: options.save }),
			);
			if (dropped.trim()) print(`left out, as allowed:\n${dropped.trim()}`);
			if (!options.save) print(config);
		});

	withProject(
		kernel.command("build"),
		"compile it into build/NAME.kernel, with its modules and config",
	)
		.option(
			"-o, --output <dir>",
			"folder for that folder (default: build/ beside the first config)",
		)
		.action(async (files: string[], options: KernelOptions) => {
			const { withProgress } = await import("./observer.ts");
			const { buildKernel } = await import("../pipeline/kernel.ts");
			print(
				await withProgress(files, options, (project, { observe }) =>
					buildKernel(project, { observe, output: options.output }),
				),
			);
		});

	withProject(
		kernel.command("menuconfig"),
		"change the config in the kernel's own menu, and save the change as a small fragment",
	)
		.requiredOption("--fragment <file>", "the fragment to write")
		.action(async (files: string[], options: KernelOptions) => {
			const { withProgress } = await import("./observer.ts");
			const { editKernel } = await import("../pipeline/kernel.ts");
			const { formatDifference } = await import("../kernel/diff.ts");
			const target = options.fragment ?? "";
			const changes = await withProgress(files, options, (project, observe) =>
				editKernel(project, target, observe),
			);
			for (const change of changes) print(formatDifference(change));
			printError(
				changes.length > 0
					? `wrote ${target}; name it in kernel.config`
					: "nothing was changed",
			);
		});

	kernel
		.command("diff")
		.description("what differs between two .config files")
		.argument("<before>")
		.argument("<after>")
		.action(async (before: string, after: string) => {
			const { diffConfigFiles, formatDifference } = await import(
				"../kernel/diff.ts"
			);
			for (const change of await diffConfigFiles(before, after))
				print(formatDifference(change));
		});

	kernel
		.command("check")
		.description("ask Docker's own check-config.sh whether a .config is fit")
		.argument("<config>")
		.action(async (config: string) => {
			const { checkForDocker, requireDockerFit } = await import(
				"../kernel/docker-check.ts"
			);
			const check = await checkForDocker(config);
			requireDockerFit(check);
			print("all that Docker generally needs is there");
			if (check.missingOptional.length > 0)
				print(
					`without, for some features: ${check.missingOptional.join(", ")}`,
				);
		});

	kernel
		.command("prune")
		.description("remove old archives, trees and compiled kernels")
		.option("--keep <count>", "how many of each stay", "2")
		.action(async (options: { keep: string }) => {
			const { pruneKernels } = await import("../kernel/prune.ts");
			const { removedEntries, removedDownloads } = await pruneKernels(
				Math.max(0, Math.trunc(Number(options.keep)) || 0),
			);
			print(
				`removed ${removedEntries.length} outputs and ${removedDownloads.length} archives`,
			);
		});
});

function withProject(command: Command, description: string): Command {
	return withOutput(withConfig(command.description(description)));
}
