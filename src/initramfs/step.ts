import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { defineStep, type Step } from "../plan/step.ts";
import { buildInitramfs } from "./build.ts";
import { initFolder } from "./init-script.ts";
import type { InitramfsSettings } from "./schema.ts";
import type { StateSettings } from "./state-schema.ts";
import { listTools } from "./tools.ts";

/** The host programs that a build of this kind of initramfs may start. */
const compressors = {
	zstd: ["zstd"],
	gzip: [],
	xz: ["xz"],
	none: [],
} as const satisfies Record<
	InitramfsSettings["compression"],
	readonly string[]
>;

/**
 * The step that packs busybox, kernel modules and the init into `initramfs`.
 * @param parts.kernel leaves `modules`, a folder with lib/modules/VERSION, and `version`, a text file.
 * @param parts.busybox leaves `busybox`, a static binary.
 */
export function initramfsStep(parts: {
	settings: InitramfsSettings;
	state: StateSettings;
	kernel: Step<"modules" | "vmlinuz" | "version">;
	busybox: Step<"busybox">;
	/** From `toolsStep`. */
	tools?: Step<"tools"> | undefined;
}): Step<"initramfs"> {
	const { settings, kernel, busybox, tools } = parts;
	// The paths are the root's business.
	const state = { ...parts.state, paths: [] };
	return defineStep({
		name: "initramfs/build",
		title: `packing the initramfs with ${settings.compression === "none" ? "no compression" : settings.compression}`,
		version: 3,
		needs: { kernel, busybox, ...(tools ? { tools } : {}) },
		inputs: {
			values: { settings, state },
			paths: { init: initFolder },
			tools: compressors[settings.compression],
		},
		outputs: ["initramfs"],
		async run(context) {
			const version = await readFile(
				join(context.needs.kernel, "version"),
				"utf8",
			);
			await buildInitramfs({
				modulesRoot: join(context.needs.kernel, "modules"),
				kernelVersion: version.trim(),
				busybox: join(context.needs.busybox, "busybox"),
				files: context.needs.tools
					? await listTools(join(context.needs.tools, "tools"))
					: [],
				settings,
				state,
				out: join(context.out, "initramfs"),
				run: context.run,
			});
		},
	});
}
