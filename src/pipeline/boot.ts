import { readRelease } from "../release/folder.ts";
import {
	type BootEvent,
	type BootMode,
	type BootOutcome,
	bootDisk,
	bootRelease,
} from "../vm/release.ts";
import type { ReleaseMachineOptions } from "../vm/release-machine.ts";
import type { VmSettings } from "../vm/schema.ts";
import { bundleFile } from "./bundle.ts";
import { diskFile } from "./disk.ts";
import { type Project, releaseFolder } from "./project.ts";

/** How a machine is started, and what happens then. */
export interface BootProjectOptions {
	/** What happens after the start. */
	mode: BootMode;
	/** Of the machine; default the project's. */
	name?: string | undefined;
	/** The folder given to the build. */
	output?: string | undefined;
	/** Instead of `vm.firmware`. */
	firmware?: VmSettings["firmware"] | undefined;
	/** The image of `dock0 disk` instead of the release; `keep`: from a copy that keeps what is written. */
	disk?: "keep" | "throw-away";
	onEvent?: (event: BootEvent) => void;
}

/**
 * Boots what a project's build left, in QEMU.
 * @throws ExpectedError: exit code 2 when nothing is built, 1 when the guest fails or is late.
 */
export async function bootProject(
	project: Project,
	options: BootProjectOptions,
): Promise<BootOutcome> {
	const { mode, name, output, firmware, disk, onEvent } = options;
	const { vm, state } = project.config.value;
	const common = {
		settings: { ...vm, firmware: firmware ?? vm.firmware },
		name: name ?? project.name,
		mode,
		...(onEvent ? { onEvent } : {}),
	};
	if (disk)
		return bootDisk({
			...common,
			file: diskFile(project, "raw", output),
			keep: disk === "keep",
		});
	return bootRelease({
		...common,
		...(await builtRelease(project, output)),
		state,
	});
}

/** The files of what was built, as the machine takes them. @throws ExpectedError (exit code 2) when nothing is built. */
export async function builtRelease(
	project: Project,
	output?: string,
): Promise<
	Pick<
		ReleaseMachineOptions,
		"folder" | "rootFile" | "kernelParameters" | "bundle"
	>
> {
	const folder = releaseFolder(project, output);
	const manifest = await readRelease(folder);
	return {
		folder,
		rootFile: manifest.root.file,
		kernelParameters: manifest.kernel.cmdline,
		bundle: await bundleFile(project, output),
	};
}
