import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
	grubStep,
	type isoGrubStep,
} from "../../../src/image/disk/grub-step.ts";
import {
	type DiskSettings,
	diskSchema,
} from "../../../src/image/disk/schema.ts";
import type { DiskOptions } from "../../../src/image/disk/write-disk.ts";
import { toolClosure } from "../../../src/initramfs/tool-closure.ts";
import { toolSets } from "../../../src/initramfs/tools.ts";
import { execute } from "../../../src/plan/execute.ts";
import { keySteps } from "../../../src/plan/key.ts";
import { debianKernel } from "./debian-kernel.ts";
import { makeInitramfs } from "./initramfs.ts";
import { makeTinyRoot, squash } from "./tiny-root.ts";

/** Settings of a small disk whose menu does not wait. */
export function diskSettings(
	settings: Record<string, unknown> = {},
): DiskSettings {
	return diskSchema.parse({
		slotSize: "64M",
		bundleSize: "1M",
		stateSize: "16M",
		menuSeconds: 0,
		...settings,
	});
}

/** Makes, in `folder`, what a disk of the tiny root (see `makeTinyRoot`) is written from. */
export async function tinyDiskParts(
	folder: string,
	settings: DiskSettings = diskSettings(),
	modules: readonly string[] = [],
): Promise<DiskOptions> {
	const kernel = await debianKernel();
	const initramfs = join(folder, "initramfs");
	await mkdir(folder, { recursive: true });
	await makeInitramfs(initramfs, kernel, {
		settings: { compressionLevel: 3, waitSeconds: 20, modules },
		files:
			modules.length > 0
				? await toolClosure("/", toolSets.e2fsprogs.programs)
				: [],
	});
	await makeTinyRoot(join(folder, "root"));
	const root = join(folder, "root.squashfs");
	await squash(join(folder, "root"), root);
	return {
		release: {
			name: "tiny",
			version: "1.0",
			release: "0".repeat(64),
			cmdline: "console=ttyS0 quiet panic=-1 odd=a*b",
			root,
			kernel: kernel.image,
			initramfs,
		},
		settings,
		grub: await makeStep(folder, grubStep(settings)),
		epoch: 1_735_689_600,
	};
}

/** Runs one step, or finds its outputs in the cache; returns their folder. */
export async function makeStep(
	folder: string,
	step: ReturnType<typeof grubStep> | ReturnType<typeof isoGrubStep>,
): Promise<string> {
	const entries = await execute({
		steps: await keySteps([step]),
		observe: () => undefined,
		signal: new AbortController().signal,
		logDir: join(folder, "logs"),
	});
	return entries.get(step.name)?.outputs ?? "";
}
