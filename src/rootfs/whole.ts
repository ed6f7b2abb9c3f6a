import { join } from "node:path";
import { type AnyStep, defineStep, type Step } from "../plan/step.ts";
import { shellWord } from "../system/shell-word.ts";
import { inMemoryScript, memoryForTree } from "../system/tree-memory.ts";
import { packArguments, unpackArguments } from "./archive.ts";
import { changesArchive, keptList } from "./customise/job.ts";
import type { CustomiseStep } from "./step.ts";

/** The whole root file system, `rootfs.tar`: the packages' tree with all that was changed in it. */
export function wholeStep(parts: {
	/** The step that leaves `rootfs.tar`. */
	packages: AnyStep;
	customised: CustomiseStep;
	/** Seconds since 1970. */
	epoch: number;
}): Step<"rootfs.tar"> {
	const { packages, customised, epoch } = parts;
	return defineStep({
		name: "rootfs/whole",
		title: "putting the root together",
		version: 1,
		needs: { packages, customised },
		inputs: { values: { epoch }, tools: ["tar"] },
		outputs: ["rootfs.tar"],
		async run({ out, temp, needs, runInNamespace }) {
			const tree = join(temp, "tree");
			const source = join(needs.packages, "rootfs.tar");
			const target = join(out, "rootfs.tar");
			const script = [
				"set -eu",
				inMemoryScript,
				'tree=$1 kept=$2; in_memory "$tree" "$3"',
				`tar ${words(unpackArguments(source, tree))}`,
				'cd "$tree"',
				'not_kept() { LC_ALL=C sort -z | LC_ALL=C comm -z -23 - "$kept"; }',
				"find . -mindepth 1 ! -type d -printf '%P\\0' | not_kept | xargs -0 -r rm -f --",
				// Inner ones first; what is not empty holds something that is kept.
				"find . -mindepth 1 -type d -printf '%P\\0' | not_kept | LC_ALL=C sort -rz | xargs -0 -r rmdir --ignore-fail-on-non-empty --",
				`tar ${words(unpackArguments(join(needs.customised, changesArchive), tree))}`,
				`tar ${words(packArguments(tree, target, epoch))}`,
			].join("\n");
			await runInNamespace("sh", [
				"-c",
				script,
				"sh",
				tree,
				join(needs.customised, keptList),
				String(memoryForTree(source)),
			]);
		},
	});
}

function words(args: readonly string[]): string {
	return args.map(shellWord).join(" ");
}
