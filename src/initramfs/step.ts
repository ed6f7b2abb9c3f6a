import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { defineStep, type Step } from "../plan/step.ts";
import { buildInitramfs } from "./build.ts";
import { initFolder } from "./init-script.ts";
import type { InitramfsSettings } from "./schema.ts";

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
	kernel: Step<"modules" | "vmlinuz" | "version">;
	busybox: Step<"busybox">;
}): Step<"initramfs"> {
	const { settings, kernel, busybox } = parts;
	return defineStep({
		name: "initramfs/build",
		title: `packing the initramfs with ${settings.compression === "none" ? "no compression" : settings.compression}`,
		version: 1,
		needs: { kernel, busybox },
		inputs: {
			values: { settings },
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
				settings,
				out: join(context.out, "initramfs"),
				run: context.run,
			});
		},
	});
}
