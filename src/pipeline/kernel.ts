import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { ConfigDifference } from "../kernel/diff.ts";
import { menuconfig } from "../kernel/menuconfig.ts";
import { type SourceKernelSteps, sourceKernelSteps } from "../kernel/plan.ts";
import type { Observer } from "../plan/events.ts";
import { ExpectedError } from "../system/errors.ts";
import { placeCopy, writeFileAtomically } from "../system/files.ts";
import { hostPackages } from "./host-packages.ts";
import { packagesStamp } from "./packages-stamp.ts";
import { type Project, releaseFolder } from "./project.ts";
import { withOutputs } from "./run-steps.ts";

/** What the kernel commands report to. */
interface KernelOptions {
	observe: Observer;
}

/**
 * Makes the kernel's `.config` and checks that it holds what the fragments ask for.
 * @param options.save the file to write it to; default beside the release.
 * @returns that file, and the optional options that were left out.
 * @throws ExpectedError (exit code 2) naming each dropped option, its place and what it depends on.
 */
export async function configureKernel(
	project: Project,
	{ observe, save }: KernelOptions & { save?: string | undefined },
): Promise<{ config: string; dropped: string }> {
	const steps = await stepsOf(project);
	const config = save
		? resolve(project.startedIn, save)
		: `${releaseFolder(project)}.kernel.config`;
	return withOutputs(project, steps.config, { observe }, async (outputs) => {
		await writeFileAtomically(config, await readFile(join(outputs, "config")));
		return {
			config,
			dropped: await readFile(join(outputs, "dropped"), "utf8"),
		};
	});
}

/**
 * Compiles the kernel alone.
 * @param options.output the folder in which that of the kernel is made; default `build/` beside the first layer.
 * @returns the folder with `vmlinuz`, `modules`, `version`, `config`, `System.map` and `make.log`: a copy, which
 * stays whatever becomes of the cache.
 * @throws ExpectedError (exit code 1) with the compiler's first error.
 */
export async function buildKernel(
	project: Project,
	{ observe, output }: KernelOptions & { output?: string | undefined },
): Promise<string> {
	const { compile } = await stepsOf(project);
	const folder = `${releaseFolder(project, output)}.kernel`;
	return withOutputs(project, compile, { observe }, async (outputs) => {
		await placeCopy(outputs, folder);
		return folder;
	});
}

/**
 * Lets a person change the kernel's config in its menu, and writes the change as a fragment.
 * @param target the fragment's file; the config has to name it for the change to count.
 */
export async function editKernel(
	project: Project,
	target: string,
	{ observe }: KernelOptions,
): Promise<ConfigDifference[]> {
	const { tree } = await stepsOf(project);
	return withOutputs(project, tree, { observe }, (outputs) =>
		menuconfig({
			settings: project.config.value.kernel,
			tree: join(outputs, "linux"),
			target: resolve(project.startedIn, target),
		}),
	);
}

async function stepsOf(project: Project): Promise<SourceKernelSteps> {
	const { kernel, epoch } = project.config.value;
	if (kernel.source === "package")
		throw new ExpectedError({
			code: "KERNEL_IS_PACKAGED",
			message:
				"this config takes its kernel from a package, so there is nothing to compile",
			hint: "set kernel.source to debian, release, tarball or git",
		});
	return sourceKernelSteps({
		settings: kernel,
		packages: await hostPackages(project, await packagesStamp(project)),
		epoch,
	});
}
