import { InvalidArgumentError, Option } from "commander";
import type { BootEvent, BootMode } from "../vm/release.ts";
import { describeBootEvent, parseSeconds } from "./boot-events.ts";
import {
	defineCommand,
	type OutputOptions,
	type ProjectOptions,
	print,
	printError,
	withConfig,
	withOutput,
} from "./command.ts";

interface BootOptions extends ProjectOptions, OutputOptions {
	output?: string;
	name?: string;
	detach?: boolean;
	ready?: boolean;
	until?: RegExp;
	timeout: number;
	disk?: boolean;
	keep?: boolean;
	firmware?: "bios" | "efi";
}

export const bootCommand = defineCommand((program) => {
	withOutput(
		withConfig(
			program
				.command("boot")
				.description("start the built host in QEMU, with its console here"),
		),
	)
		.option("-o, --output <dir>", "folder given to dock0 build --output")
		.option(
			"--name <name>",
			"name of the machine, for dock0 vm (default: the release's)",
		)
		.option("-d, --detach", "leave it running, see dock0 vm; waits for --ready")
		.option(
			"--ready",
			"wait until the host says that it is ready; without --detach, then shut down",
		)
		.option(
			"--until <regex>",
			"wait for a line on the console, then shut down",
			parsePattern,
		)
		.option(
			"--timeout <seconds>",
			"how long --ready and --until wait",
			parseSeconds,
			300,
		)
		.option(
			"--disk",
			"boot the image of dock0 disk by the firmware, as a real machine does; what the guest writes is lost",
		)
		.option(
			"--keep",
			"like --disk, but from a copy that is made once and keeps what the guest writes",
		)
		.addOption(
			new Option(
				"--firmware <kind>",
				"instead of vm.firmware of the config",
			).choices(["bios", "efi"]),
		)
		.action(async (files: string[], options: BootOptions) => {
			const { loadProject } = await import("../pipeline/project.ts");
			const { bootProject } = await import("../pipeline/boot.ts");
			const project = await loadProject({
				files,
				directory: options.directory,
			});
			const outcome = await bootProject(project, {
				name: options.name,
				output: options.output,
				firmware: options.firmware,
				...(options.disk || options.keep
					? { disk: options.keep ? "keep" : "throw-away" }
					: {}),
				mode: modeOf(options),
				onEvent: (event) => tell(event, options),
			});
			if (options.json) print(JSON.stringify({ type: "outcome", ...outcome }));
		});
});

function modeOf(options: BootOptions): BootMode {
	if (options.detach)
		return options.ready
			? { kind: "detach", readySeconds: options.timeout }
			: { kind: "detach" };
	if (options.until)
		return {
			kind: "until",
			pattern: options.until,
			timeoutSeconds: options.timeout,
		};
	if (options.ready) return { kind: "until", timeoutSeconds: options.timeout };
	return {
		kind: "foreground",
		terminal: { input: process.stdin, output: process.stdout },
	};
}

function tell(event: BootEvent, options: BootOptions): void {
	if (event.type === "output") {
		if (!options.quiet && !options.json) process.stdout.write(event.chunk);
		return;
	}
	if (options.json) print(JSON.stringify(event));
	else if (!options.quiet) printError(describeBootEvent(event));
}

function parsePattern(text: string): RegExp {
	try {
		return new RegExp(text);
	} catch (error) {
		throw new InvalidArgumentError(
			error instanceof Error ? error.message : "no regular expression",
		);
	}
}
