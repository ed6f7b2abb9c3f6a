import { copyFile, mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PackageSource } from "../plan/package-source.ts";
import { defineStep, type Step } from "../plan/step.ts";
import type { StateSettings } from "./state-schema.ts";
import { type ToolFile, toolClosure } from "./tool-closure.ts";

/**
 * What the init calls beside busybox, by what brings it. None may be called like an applet: busybox's shell
 * would take its own, whatever PATH says.
 */
export const toolSets = {
	/** Verity of the root, encryption of the state by a random key. */
	dmsetup: { programs: ["dmsetup"], libraries: [] },
	/** The state volume's file systems. */
	e2fsprogs: { programs: ["mkfs.ext4", "e2fsck", "resize2fs"], libraries: [] },
	xfsprogs: { programs: ["mkfs.xfs", "xfs_growfs"], libraries: [] },
	btrfsProgs: { programs: ["mkfs.btrfs", "btrfs"], libraries: [] },
	/** LUKS. Its threads end by a library that the C library opens only then: pthread_cancel(3). */
	cryptsetup: { programs: ["cryptsetup"], libraries: ["libgcc_s.so.1"] },
	/** What puts LUKS's key into a TPM and, as a plugin of cryptsetup, gets it out again. All of that is opened by name. */
	tpm: {
		programs: ["systemd-cryptenroll"],
		libraries: [
			"libcryptsetup-token-systemd-tpm2.so",
			"libtss2-esys.so.0",
			"libtss2-mu.so.0",
			"libtss2-rc.so.0",
			"libtss2-tcti-device.so.0",
		],
	},
	/** The installer checks signatures. */
	openssl: { programs: ["openssl"], libraries: [] },
	/** Starts the installer, on a system that has no kexec of its own. */
	kexec: { programs: ["kexec"], libraries: [] },
} as const satisfies Record<
	string,
	{ programs: readonly string[]; libraries: readonly string[] }
>;

export type ToolSet = keyof typeof toolSets;

const fileSystemTools = {
	ext4: "e2fsprogs",
	xfs: "xfsprogs",
	btrfs: "btrfsProgs",
} as const satisfies Record<StateSettings["filesystem"], ToolSet>;

/** The sets that a config needs, sorted. */
export function wantedTools(config: {
	verity: boolean;
	state: StateSettings;
}): ToolSet[] {
	const { verity, state } = config;
	const sets: ToolSet[] = [];
	if (verity || state.encryption === "random") sets.push("dmsetup");
	if (state.encryption === "file" || state.encryption === "tpm")
		sets.push("cryptsetup");
	if (state.encryption === "tpm") sets.push("tpm");
	if (
		state.init !== "never" ||
		state.grow ||
		state.check ||
		state.encryption === "random"
	)
		sets.push(fileSystemTools[state.filesystem]);
	return sets.sort();
}

/** The kernel modules that a config needs, beside the ones of the config itself. */
export function wantedModules(config: {
	verity: boolean;
	state: StateSettings;
}): string[] {
	const { verity, state } = config;
	return [
		...(verity ? ["dm_verity"] : []),
		...(state.encryption === "none"
			? []
			: ["dm_crypt", "?xts", "?aesni_intel", "?algif_skcipher"]),
		...(state.encryption === "tpm" ? ["?tpm_tis", "?tpm_crb"] : []),
		...(state.filesystem === "ext4" ? [] : [state.filesystem]),
	];
}

/** What the installer's initramfs holds, and what runs on the system that it replaces. */
export const installerTools = {
	inside: ["openssl"],
	beside: ["kexec"],
} as const;

/**
 * The step that takes programs and the shared libraries they need out of the distribution's packages and
 * leaves them in `tools`, laid out as in the initramfs.
 * @param options.packageNames what the distribution calls the packages of each set.
 */
export function toolsStep(options: {
	sets: readonly ToolSet[];
	packageNames: Readonly<Record<ToolSet, string | readonly string[]>>;
	packages: PackageSource;
	/** Default `initramfs/tools`. */
	name?: string;
}): Step<"tools"> {
	const { sets, packages, name = "initramfs/tools" } = options;
	const names = sets.flatMap((set) => options.packageNames[set]);
	const programs = sets.flatMap((set) => toolSets[set].programs);
	const libraries = sets.flatMap((set) => toolSets[set].libraries);
	return defineStep({
		name,
		title: `fetching ${names.join(", ")}`,
		version: 1,
		needs: {},
		inputs: {
			...packages.inputs,
			values: { ...packages.inputs.values, names, programs, libraries },
		},
		outputs: ["tools"],
		async run(context) {
			const root = join(context.temp, "root");
			await mkdir(root);
			await packages.extract(context, names, root, { libraries: true });
			for (const file of await toolClosure(root, programs, libraries)) {
				const target = join(context.out, "tools", file.path);
				await mkdir(dirname(target), { recursive: true });
				await copyFile(file.source, target);
			}
		},
	});
}

/** The files that `toolsStep` left, sorted by path. */
export async function listTools(folder: string): Promise<ToolFile[]> {
	const entries = await readdir(folder, {
		recursive: true,
		withFileTypes: true,
	});
	return entries
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.sort()
		.map((source) => ({ path: source.slice(folder.length + 1), source }));
}
