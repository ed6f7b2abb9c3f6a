import type { PackageSource } from "../plan/package-source.ts";
import type { Step } from "../plan/step.ts";
import { type CompileStep, compileStep } from "./compile/compile-step.ts";
import { type ConfigStep, configStep } from "./compile/config-step.ts";
import { treeStep } from "./compile/tree-step.ts";
import {
	type KernelOutput,
	kernelOutputs,
	packagedKernelStep,
} from "./packaged.ts";
import type { KernelSettings } from "./schema.ts";
import { fetchStep } from "./source/fetch-step.ts";
import { pinSource } from "./source/pinned.ts";

/** The steps of a kernel from source; each needs the one before it. */
export interface SourceKernelSteps {
	source: ReturnType<typeof fetchStep>;
	tree: ReturnType<typeof treeStep>;
	config: ConfigStep;
	compile: CompileStep;
}

export interface SourceKernelOptions {
	settings: KernelSettings;
	/** Where a `debian` source package comes from; default the build host's apt. */
	packages?: PackageSource | undefined;
	/** Seconds since 1970, the time stamp in the kernel. */
	epoch: number;
}

/**
 * The steps that compile the kernel of a config whose `source` is not `package`.
 * @throws ExpectedError when the source cannot be found.
 */
export async function sourceKernelSteps(
	options: SourceKernelOptions,
): Promise<SourceKernelSteps> {
	const { settings, epoch } = options;
	const source = fetchStep(await pinSource(settings, options.packages));
	const tree = treeStep({ source, patches: settings.patches });
	const config = await configStep({ tree, settings });
	const compile = compileStep({ tree, config, epoch, jobs: settings.jobs });
	return { source, tree, config, compile };
}

/**
 * The step that leaves `vmlinuz`, `modules` and `version`, packaged or compiled as the config says.
 * @param options.defaultPackage used when the config names no package
 * @throws ExpectedError when a source cannot be found.
 */
export async function kernelStep(options: {
	settings: KernelSettings;
	packages: PackageSource;
	/** Where a `debian` source package comes from, whatever the root is made of; default the build host's apt. */
	hostPackages: PackageSource | undefined;
	defaultPackage: string;
	epoch: number;
}): Promise<Step<KernelOutput>> {
	const { settings, packages, hostPackages, defaultPackage, epoch } = options;
	if (settings.source === "package")
		return packagedKernelStep({
			package: settings.package ?? defaultPackage,
			packages,
		});
	const { compile } = await sourceKernelSteps({
		settings,
		packages: hostPackages,
		epoch,
	});
	return { ...compile, outputs: kernelOutputs };
}
