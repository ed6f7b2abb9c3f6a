import { join } from "node:path";
import { sourceKernelSteps } from "../../../src/kernel/plan.ts";
import type { KernelSettings } from "../../../src/kernel/schema.ts";
import { execute } from "../../../src/plan/execute.ts";
import { keySteps } from "../../../src/plan/key.ts";
import { run } from "../../../src/system/process.ts";
import { makeInitramfs } from "./initramfs.ts";
import { bootDirect, virtioDisk } from "./qemu-direct.ts";
import { makeTinyRoot, squash } from "./tiny-root.ts";

/** Compiles a kernel, or takes it from the step cache; returns the folder of its outputs. */
export async function compiledKernel(
	settings: KernelSettings,
	logDir: string,
): Promise<string> {
	const { compile } = await sourceKernelSteps({
		settings,
		epoch: 1_735_689_600,
	});
	const entries = await execute({
		steps: await keySteps([compile]),
		observe: () => undefined,
		signal: new AbortController().signal,
		logDir,
	});
	return entries.get(compile.name)?.outputs ?? "";
}

/**
 * Boots the tiny root, with a state disk, on a compiled kernel; returns all that the console said.
 * @param kernel.root holds lib/modules/VERSION; `folder` takes what is made on the way.
 */
export async function bootTinyRoot(
	folder: string,
	kernel: { image: string; root: string; version: string },
	options: { settings: object; parameters?: string },
): Promise<string> {
	const at = (name: string): string => join(folder, name);
	const { settings, parameters = "" } = options;
	await makeInitramfs(at("initramfs"), kernel, { settings });
	await makeTinyRoot(at("root"));
	await squash(at("root"), at("root.squashfs"));
	const state = at("state.ext4");
	await run("mkfs.ext4", ["-q", "-F", "-L", "dock0-state", state, "16M"]);
	const guest = bootDirect({
		kernel: kernel.image,
		initramfs: at("initramfs"),
		append: `dock0.root=/dev/vda dock0.state=/dev/vdb ${parameters}`,
		devices: [...virtioDisk(at("root.squashfs")), ...virtioDisk(state)],
	});
	return guest.ended(240);
}
