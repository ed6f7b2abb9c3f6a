import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { defineStep, type Step } from "../plan/step.ts";
import { buildInitramfs } from "./build.ts";
import {
	assembleInstaller,
	initFolder,
	installerFolder,
} from "./init-script.ts";
import { initramfsSchema } from "./schema.ts";
import { stateSchema } from "./state-schema.ts";
import { listTools } from "./tools.ts";

/** Disk controllers of usual servers, beside those that every initramfs has; tried in this order. */
const controllers = [
	"?vmw_pvscsi",
	"?hv_storvsc",
	"?xen_blkfront",
	"?mptspi",
	"?mptsas",
	"?mpt3sas",
	"?megaraid_sas",
	"?smartpqi",
	"?hpsa",
	"?aacraid",
];

/** Network cards of usual servers. One without its hardware is loaded in vain, which harms nothing. */
const cards = [
	"?ipv6",
	"?virtio_net",
	"?e1000",
	"?e1000e",
	"?igb",
	"?ixgbe",
	"?i40e",
	"?ice",
	"?r8169",
	"?tg3",
	"?bnxt_en",
	"?mlx4_en",
	"?mlx5_core",
	"?vmxnet3",
	"?ena",
	"?hv_netvsc",
	"?xen_netfront",
];

/** What the installer calls of busybox. */
export const installerApplets: readonly string[] = [
	"cat",
	"cmp",
	"dd",
	"gzip",
	"head",
	"httpd",
	"insmod",
	"ip",
	"mkdir",
	"mount",
	"mv",
	"od",
	"readlink",
	"reboot",
	"sed",
	"setsid",
	"sha256sum",
	"sleep",
	"sync",
	"tail",
	"tr",
	"wc",
];

/**
 * The step that packs the `installer`: an initramfs that writes a disk image to a disk and reboots
 * (init/install.sh). The image and the plan come beside it, as a second archive.
 */
export function installerStep(parts: {
	kernel: Step<"modules" | "vmlinuz" | "version">;
	busybox: Step<"busybox">;
	tools: Step<"tools">;
}): Step<"installer"> {
	const { kernel, busybox, tools } = parts;
	return defineStep({
		name: "initramfs/installer",
		title: "packing the installer",
		version: 2,
		needs: { kernel, busybox, tools },
		inputs: {
			values: { controllers, cards },
			paths: { init: initFolder, installer: installerFolder },
		},
		outputs: ["installer"],
		async run(context) {
			const version = await readFile(
				join(context.needs.kernel, "version"),
				"utf8",
			);
			const settings = initramfsSchema.parse({
				// The host's own compressor may be none that its kernel can unpack this early; gzip always is.
				compression: "gzip",
				compressionLevel: 6,
				modules: cards,
			});
			await buildInitramfs({
				modulesRoot: join(context.needs.kernel, "modules"),
				kernelVersion: version.trim(),
				busybox: join(context.needs.busybox, "busybox"),
				files: await listTools(join(context.needs.tools, "tools")),
				settings: {
					...settings,
					baseModules: [...settings.baseModules, ...controllers],
				},
				state: stateSchema.parse({}),
				instead: {
					script: await assembleInstaller(),
					applets: installerApplets,
					folder: "install",
				},
				out: join(context.out, "installer"),
				run: context.run,
			});
		},
	});
}
