import { join } from "node:path";
import type { Installer } from "../deploy/ssh/cargo.ts";
import { installerStep } from "../initramfs/installer.ts";
import { installerTools, toolsStep } from "../initramfs/tools.ts";
import type { Observer } from "../plan/events.ts";
import { packageSource } from "./package-source.ts";
import { packagesStamp, refreshStamp } from "./packages-stamp.ts";
import type { Project } from "./project.ts";
import { withSteps } from "./run-steps.ts";
import { packageNamesOf, releaseSteps } from "./steps.ts";

/**
 * Makes what writes a host's disk on a server that it is not running on yet: the host's own kernel, the
 * installer, and kexec; does `work` with their files, while nobody prunes the cache.
 */
export async function withInstaller<Result>(
	project: Project,
	observe: Observer,
	work: (installer: Installer) => Promise<Result>,
): Promise<Result> {
	const { rootfs } = project.config.value;
	const { kernel, busybox } = await releaseSteps(
		project,
		await packagesStamp(project),
	);
	const shared = {
		packageNames: packageNamesOf(rootfs).tools,
		// They enter no release, so no lock has them.
		packages: packageSource(rootfs, await refreshStamp(project)),
	};
	const beside = toolsStep({
		...shared,
		name: "initramfs/kexec",
		sets: installerTools.beside,
	});
	const installer = installerStep({
		kernel,
		busybox,
		tools: toolsStep({
			...shared,
			name: "initramfs/installer-tools",
			sets: installerTools.inside,
		}),
	});
	return withSteps(
		project,
		[kernel, installer, beside],
		{ observe },
		(output) =>
			work({
				kernel: join(output(kernel), "vmlinuz"),
				initramfs: join(output(installer), "installer"),
				kexec: join(output(beside), "tools"),
			}),
	);
}
