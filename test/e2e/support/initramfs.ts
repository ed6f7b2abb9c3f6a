import { buildInitramfs } from "../../../src/initramfs/build.ts";
import { initramfsSchema } from "../../../src/initramfs/schema.ts";
import {
	type StateSettings,
	stateSchema,
} from "../../../src/initramfs/state-schema.ts";
import type { ToolFile } from "../../../src/initramfs/tool-closure.ts";
import { run } from "../../../src/system/process.ts";
import { hostBusybox } from "./tiny-root.ts";

/**
 * Packs an initramfs around the busybox of the host, by default one that is quickly made and gives up soon.
 * @param kernel.root holds lib/modules/VERSION.
 */
export function makeInitramfs(
	out: string,
	kernel: { root: string; version: string },
	options: {
		settings?: object;
		state?: StateSettings;
		files?: readonly ToolFile[];
	} = {},
): Promise<void> {
	const {
		settings = { compressionLevel: 3, waitSeconds: 20 },
		state = stateSchema.parse({}),
		files = [],
	} = options;
	return buildInitramfs({
		modulesRoot: kernel.root,
		kernelVersion: kernel.version,
		busybox: hostBusybox,
		settings: initramfsSchema.parse(settings),
		state,
		files,
		out,
		run,
	});
}
