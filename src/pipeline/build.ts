import { join, resolve } from "node:path";
import type { Observer } from "../plan/events.ts";
import { execute } from "../plan/execute.ts";
import { writeHistory } from "../plan/history.ts";
import { keySteps } from "../plan/key.ts";
import { publishFolder, readRelease } from "../release/folder.ts";
import type { Manifest } from "../release/manifest.ts";
import { interruptSignal } from "../system/cleanup.ts";
import { environment } from "../system/environment.ts";
import { acquireLock } from "../system/lock.ts";
import { packagesStamp, renewPackages } from "./packages-stamp.ts";
import type { Project } from "./project.ts";
import { releaseSteps } from "./steps.ts";

export interface BuildOptions {
	observe: Observer;
	/** Folder in which the release's folder is made; default `build/` beside the first layer. */
	output?: string | undefined;
	/** Look for newer packages. */
	refresh?: boolean;
	signal?: AbortSignal;
}

export interface Release {
	folder: string;
	manifest: Manifest;
}

/** Where a project's release is put. */
export function releaseFolder(project: Project, output?: string): string {
	return join(
		output ? resolve(output) : join(project.directory, "build"),
		project.name,
	);
}

/**
 * Builds a project's release: runs what is not in the cache, then publishes the release folder at once.
 * @throws ExpectedError: exit code 2 for bad input, 1 for a failed step.
 */
export async function buildProject(
	project: Project,
	options: BuildOptions,
): Promise<Release> {
	const signal = options.signal ?? interruptSignal();
	const { cacheDir } = environment();
	const inUse = await acquireLock(join(cacheDir, "locks", "in-use"), {
		shared: true,
		signal,
	});
	try {
		if (options.refresh) await renewPackages(project);
		const steps = releaseSteps(project, await packagesStamp(project));
		const keyed = await keySteps([steps.manifest]);
		const entries = await execute({
			steps: keyed,
			observe: options.observe,
			signal,
			logDir: join(cacheDir, "logs", project.name),
		});
		const file = (step: { name: string }, output: string): string => {
			const entry = entries.get(step.name);
			if (!entry) throw new Error(`${step.name} was pruned from the plan`);
			return join(entry.outputs, output);
		};
		const folder = releaseFolder(project, options.output);
		await publishFolder(
			folder,
			{
				vmlinuz: file(steps.kernel, "vmlinuz"),
				initramfs: file(steps.initramfs, "initramfs"),
				"root.squashfs": file(steps.squashfs, "root.squashfs"),
				"manifest.json": file(steps.manifest, "manifest.json"),
			},
			keyed.at(-1)?.key ?? "",
		);
		await writeHistory(project.identity, keyed);
		return { folder, manifest: await readRelease(folder) };
	} finally {
		await inUse.release();
	}
}
