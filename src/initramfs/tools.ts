import { copyFile, mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PackageSource } from "../plan/package-source.ts";
import { defineStep, type Step } from "../plan/step.ts";
import { type ToolFile, toolClosure } from "./tool-closure.ts";

/** What the init calls beside busybox, by what brings it. */
export const toolSets = {
	/** dm-verity */
	dmsetup: { programs: ["dmsetup"], libraries: [] },
} as const satisfies Record<
	string,
	{ programs: readonly string[]; libraries: readonly string[] }
>;

export type ToolSet = keyof typeof toolSets;

/** The sets that a config needs, sorted. */
export function wantedTools(config: { verity: boolean }): ToolSet[] {
	return config.verity ? ["dmsetup"] : [];
}

/**
 * The step that takes programs and the shared libraries they need out of the distribution's packages and
 * leaves them in `tools`, laid out as in the initramfs.
 * @param options.packageNames what the distribution calls the package of each set.
 */
export function toolsStep(options: {
	sets: readonly ToolSet[];
	packageNames: Readonly<Record<ToolSet, string>>;
	packages: PackageSource;
}): Step<"tools"> {
	const { sets, packages } = options;
	const names = sets.map((set) => options.packageNames[set]);
	const programs = sets.flatMap((set) => toolSets[set].programs);
	const libraries = sets.flatMap((set) => toolSets[set].libraries);
	return defineStep({
		name: "initramfs/tools",
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
