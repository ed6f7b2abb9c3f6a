import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AnyStep, defineStep } from "./step.ts";

/** Writes SHA256SUMS of a file that `root` makes, as sha256sum(1) prints it, with a line of comment. */
export function sumsStep(root: AnyStep, file: string, comment: string) {
	return defineStep({
		name: "image/sums",
		title: `summing ${file}`,
		version: 1,
		needs: { root },
		inputs: { values: { file, comment }, tools: ["sha256sum"] },
		outputs: ["SHA256SUMS"],
		async run({ needs, out, run }) {
			const { stdout } = await run("sha256sum", [file], { cwd: needs.root });
			await writeFile(join(out, "SHA256SUMS"), `# ${comment}\n${stdout}`);
		},
	});
}
