import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { defineStep, type Step } from "../../plan/step.ts";
import { stepFailure } from "../../system/errors.ts";
import type { fetchStep } from "../source/fetch-step.ts";
import { applyPatch, listPatches } from "./patches.ts";
import { requireBuildTools } from "./tools.ts";

/** GNU tar's records, in which --checkpoint counts (tar(1), --blocking-factor). */
const recordBytes = 10_240;

/**
 * The step that unpacks the sources and applies the patches. Nothing is ever built inside of the tree
 * (`make O=…`), so that one tree serves all configs.
 */
export function treeStep(options: {
	source: ReturnType<typeof fetchStep>;
	patches: readonly string[];
}): Step<"linux", { source: ReturnType<typeof fetchStep> }> {
	return defineStep({
		name: "kernel/tree",
		title:
			options.patches.length > 0
				? "unpacking and patching the kernel sources"
				: "unpacking the kernel sources",
		version: 1,
		needs: { source: options.source },
		inputs: { paths: { patches: options.patches } },
		outputs: ["linux"],
		async run(context) {
			requireBuildTools(["tar", "xz", "patch"]);
			const patches = await listPatches(options.patches);
			const tree = join(context.out, "linux");
			await mkdir(tree);
			await context.run(
				"tar",
				[
					"--extract",
					`--file=${join(context.needs.source, "archive")}`,
					`--directory=${tree}`,
					"--strip-components=1",
					"--no-same-owner",
					"--checkpoint=2000",
					"--checkpoint-action=echo=%u",
				],
				{
					onLine: (line) => {
						const records = /^(?:tar: )?(\d+)$/.exec(line)?.[1];
						if (records)
							context.progress(
								Number(records) * recordBytes,
								undefined,
								"bytes",
							);
						else context.log(line);
					},
				},
			);
			await requireKernelTree(tree);
			for (const patch of patches) await applyPatch(context, patch, tree);
			// A tree in which someone built refuses `make O=`; this costs nothing in a clean one.
			if (await exists(join(tree, ".config")))
				await context.run("make", ["-C", tree, "mrproper"]);
		},
	});
}

async function requireKernelTree(tree: string): Promise<void> {
	for (const name of ["Kconfig", "Makefile", "arch/x86", "scripts/kconfig"])
		if (!(await exists(join(tree, name))))
			throw stepFailure({
				code: "KERNEL_NO_SOURCE",
				message: `the archive holds no kernel sources: it lacks ${name}`,
				hint: "it must have one folder at its top, with the kernel's Makefile in it",
			});
}

const exists = (path: string): Promise<boolean> =>
	access(path).then(
		() => true,
		() => false,
	);
