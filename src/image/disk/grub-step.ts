import { existsSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defineStep, type Step, type StepContext } from "../../plan/step.ts";
import { stepFailure } from "../../system/errors.ts";
import { grubConfig } from "./grub-config.ts";
import type { DiskSettings } from "./schema.ts";
import { tarOf } from "./tar.ts";

/** Where Debian's grub-pc-bin and grub-efi-amd64-bin, and Arch's grub, keep GRUB's parts. */
const folder = "/usr/lib/grub";

/** What the script uses, and what helps a person at GRUB's prompt. */
const modules = [
	...["memdisk", "tar", "normal", "configfile", "part_gpt"],
	...["echo", "test", "regexp", "loadenv", "probe", "sleep", "reboot"],
	...["linux", "terminal", "ls", "cat", "halt", "help", "minicmd"],
];

const platforms = [
	{
		format: "i386-pc",
		output: "core.img",
		modules: ["biosdisk", "serial"],
		options: [],
		package: "grub-pc-bin",
	},
	{
		format: "x86_64-efi",
		output: "grub.efi",
		// efi_gop: without it Linux starts without a screen.
		// tpm: measures what is loaded; and under Secure Boot, GRUB 2.06 only loads a kernel that some verifier
		// takes, which without shim is this one alone.
		modules: ["efi_gop", "serial", "tpm"],
		// Signed by a key that the firmware knows itself, not through Microsoft's shim.
		options: ["--disable-shim-lock"],
		package: "grub-efi-amd64-bin",
	},
] as const;

/** The same for a CD, whose BIOS reads an image of its own kind (El Torito). */
const isoPlatforms = [
	{ ...platforms[0], format: "i386-pc-eltorito", output: "eltorito.img" },
	platforms[1],
] as const;
const isoModules = ["iso9660", "search", "part_msdos"];

/**
 * Makes GRUB for BIOS (`boot.img`, `core.img`) and EFI (`grub.efi`), with all modules and the script
 * built in: it reads no further file of its own.
 */
export function grubStep(
	settings: Pick<DiskSettings, "slots" | "menuSeconds" | "serial">,
): Step<"boot.img" | "core.img" | "grub.efi"> {
	const script = grubConfig(settings);
	return defineStep({
		name: "disk/grub",
		title: "making GRUB for BIOS and EFI",
		version: 3,
		needs: {},
		inputs: {
			values: { script, modules, platforms },
			tools: ["grub-mkimage"],
		},
		outputs: ["boot.img", "core.img", "grub.efi"],
		async run({ out, temp, run }) {
			await makeImages({ script, platforms, modules, out, temp, run });
			await copyFile(join(folder, "i386-pc/boot.img"), join(out, "boot.img"));
		},
	});
}

/** Makes GRUB for a CD or USB stick: `eltorito.img`, `boot_hybrid.img`, `grub.efi`. */
export function isoGrubStep(
	script: string,
): Step<"boot_hybrid.img" | "eltorito.img" | "grub.efi"> {
	const all = [...modules, ...isoModules];
	return defineStep({
		name: "disk/grub-iso",
		title: "making GRUB for a CD",
		version: 1,
		needs: {},
		inputs: {
			values: { script, modules: all, platforms: isoPlatforms },
			tools: ["grub-mkimage"],
		},
		outputs: ["boot_hybrid.img", "eltorito.img", "grub.efi"],
		async run({ out, temp, run }) {
			await makeImages({
				...{ script, platforms: isoPlatforms, modules: all },
				...{ out, temp, run },
			});
			await copyFile(
				join(folder, "i386-pc/boot_hybrid.img"),
				join(out, "boot_hybrid.img"),
			);
		},
	});
}

async function makeImages(options: {
	script: string;
	platforms: typeof platforms | typeof isoPlatforms;
	modules: readonly string[];
	out: string;
	temp: string;
	run: StepContext["run"];
}): Promise<void> {
	const memdisk = join(options.temp, "memdisk.tar");
	await writeFile(
		memdisk,
		tarOf("dock0/grub.cfg", Buffer.from(options.script)),
	);
	for (const platform of options.platforms) {
		const parts = join(folder, platform.format.replace("-eltorito", ""));
		if (!existsSync(parts))
			throw stepFailure({
				code: "TOOL_MISSING",
				message: `GRUB for ${platform.format} is not installed on this machine: no ${parts}`,
				hint: `on Debian: apt-get install ${platform.package}`,
			});
		await options.run("grub-mkimage", [
			...["--directory", parts, "--format", platform.format],
			...["--output", join(options.out, platform.output)],
			...["--memdisk", memdisk, "--prefix", "(memdisk)/dock0"],
			...platform.options,
			...options.modules,
			...platform.modules,
		]);
	}
}
