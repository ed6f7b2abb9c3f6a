import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ToolFile } from "../../../src/initramfs/tool-closure.ts";
import { listTools } from "../../../src/initramfs/tools.ts";
import { loadProject } from "../../../src/pipeline/project.ts";
import { withOutputs } from "../../../src/pipeline/run-steps.ts";
import { releaseSteps } from "../../../src/pipeline/steps.ts";

/** What a build puts into the initramfs beside busybox for a config's `state`, from the packages of the shipped Debian profile. */
export async function distributionTools(
	state: Record<string, unknown>,
): Promise<ToolFile[]> {
	const folder = await mkdtemp(join(tmpdir(), "dock0-tools-"));
	try {
		const file = join(folder, "dock0.yaml");
		await writeFile(
			file,
			JSON.stringify({ extends: "dock0/debian-base", name: "tools", state }),
		);
		const project = await loadProject({ files: [file] });
		const { initramfs } = await releaseSteps(project, { refresh: "first" });
		const { tools } = initramfs.needs;
		if (!tools) return [];
		return await withOutputs(
			project,
			tools,
			{ observe: () => undefined },
			(outputs) => listTools(join(outputs, "tools")),
		);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
