import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { defineStep, type Step } from "../../plan/step.ts";
import { ExpectedError } from "../../system/errors.ts";
import { describeDropped } from "../kconfig/honesty.ts";
import type { KernelSettings } from "../schema.ts";
import { currentConfigFile, makeConfig, requireHonest } from "./configure.ts";
import { collectRequests, fragmentFile } from "./fragments.ts";
import { compilerTools, requireBuildTools } from "./tools.ts";
import type { treeStep } from "./tree-step.ts";

type TreeStep = ReturnType<typeof treeStep>;
export type ConfigStep = Step<"config" | "dropped", { tree: TreeStep }>;

/**
 * The step that makes the .config and checks it: outputs `config` and `dropped`, a text with a line for
 * each optional option that this kernel does not have.
 */
export async function configStep(options: {
	tree: TreeStep;
	settings: KernelSettings;
}): Promise<ConfigStep> {
	const { settings } = options;
	const base = await baseFile(settings.base);
	return defineStep({
		name: "kernel/config",
		title: "configuring the kernel",
		version: 1,
		needs: { tree: options.tree },
		inputs: {
			values: {
				base: isAbsolute(base) ? "file" : base,
				options: settings.options,
				optional: settings.optional,
				revision: settings.revision,
			},
			paths: {
				base: isAbsolute(base) ? base : undefined,
				config: settings.config.map(fragmentFile),
			},
			tools: compilerTools,
		},
		outputs: ["config", "dropped"],
		async run(context) {
			requireBuildTools(["gcc", "ld", "make", "flex", "bison"]);
			const tree = join(context.needs.tree, "linux");
			const output = join(context.temp, "build");
			await mkdir(output);
			const requests = await collectRequests(settings);
			const config = await makeConfig(
				context,
				{ tree, output, epoch: 0, jobs: settings.jobs },
				base,
				requests,
			);
			const dropped = requireHonest(requests, config, tree).map(
				describeDropped,
			);
			for (const line of dropped) context.log(`${line} (optional)`);
			context.log(
				`${requests.length} options asked for, ${[...config.values()].filter((value) => value !== "n").length} set`,
			);
			await copyFile(join(output, ".config"), join(context.out, "config"));
			await writeFile(
				join(context.out, "dropped"),
				dropped.map((line) => `${line}\n`).join(""),
			);
		},
	});
}

async function baseFile(base: string): Promise<string> {
	if (base !== "current") return base;
	const file = await currentConfigFile();
	if (file) return file;
	throw new ExpectedError({
		code: "KERNEL_NO_CURRENT_CONFIG",
		message: "this machine's kernel shows its config nowhere",
		hint: "neither /proc/config.gz nor /boot/config-VERSION exists; save a config and name its path in kernel.base",
	});
}
