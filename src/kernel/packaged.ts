import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PackageSource } from "../plan/package-source.ts";
import { defineStep, type Step } from "../plan/step.ts";
import { findInstalledKernel } from "./installed-layout.ts";

/**
 * What every kernel step leaves: `vmlinuz`; `modules`, a folder with `lib/modules/VERSION/…` and
 * depmod's indexes; `version`, the text that `uname -r` gives.
 */
export const kernelOutputs = ["vmlinuz", "modules", "version"] as const;
export type KernelOutput = (typeof kernelOutputs)[number];
export type KernelStep = Step<KernelOutput, Record<never, never>>;

/**
 * The step that takes a ready kernel out of a distribution's package. Its `config` is left too when the
 * package has it, for `dock0 kernel diff` and `check`.
 */
export function packagedKernelStep(options: {
	package: string;
	packages: PackageSource;
}): KernelStep {
	const { package: name, packages } = options;
	return defineStep({
		name: "kernel/package",
		title: `fetching kernel ${name}`,
		version: 3,
		needs: {},
		inputs: {
			...packages.inputs,
			values: { ...packages.inputs.values, kernelPackage: name },
			tools: [...(packages.inputs.tools ?? []), "depmod"],
		},
		outputs: kernelOutputs,
		async run(context) {
			const root = join(context.temp, "root");
			await mkdir(root);
			await packages.extract(context, [name], root);
			const kernel = await findInstalledKernel(root, name);
			context.log(`kernel ${kernel.version}`);
			const folder = join(context.out, "modules/lib/modules");
			await mkdir(folder, { recursive: true });
			await copyFile(kernel.vmlinuz, join(context.out, "vmlinuz"));
			if (kernel.config)
				await copyFile(kernel.config, join(context.out, "config"));
			await rename(kernel.modules, join(folder, kernel.version));
			// Links to headers that are not there, and Arch's second copy of the image.
			for (const extra of ["build", "source", "vmlinuz"])
				await rm(join(folder, kernel.version, extra), {
					recursive: true,
					force: true,
				});
			await context.run("chmod", [
				"-R",
				"u+rwX,go+rX",
				join(context.out, "modules"),
				join(context.out, "vmlinuz"),
			]);
			await context.run("depmod", [
				"-b",
				join(context.out, "modules"),
				kernel.version,
			]);
			await writeFile(join(context.out, "version"), kernel.version);
		},
	});
}
