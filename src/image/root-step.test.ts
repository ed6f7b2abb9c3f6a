import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { execute } from "../plan/execute.ts";
import { keySteps } from "../plan/key.ts";
import { defineStep } from "../plan/step.ts";
import { run } from "../system/process.ts";
import { rootImageStep } from "./root.ts";
import { imageSchema } from "./schema.ts";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-root-"));
	vi.stubEnv("DOCK0_CACHE_DIR", join(folder, "cache"));
});
afterEach(async () => {
	vi.unstubAllEnvs();
	await rm(folder, { recursive: true, force: true });
});

/** Packs a root with two files; returns the paths of the listing and those of the hashes. */
async function packAndList(options: readonly string[]) {
	const rootfs = defineStep({
		name: "rootfs/two",
		title: "making a root",
		version: 1,
		needs: {},
		inputs: {},
		outputs: ["rootfs.tar"],
		async run({ out, temp }) {
			await mkdir(join(temp, "tree"));
			await writeFile(join(temp, "tree/kept"), "kept");
			await writeFile(join(temp, "tree/left-out"), "left out");
			const args = ["-c", "-C", join(temp, "tree"), "."];
			await run("tar", [...args, "-f", join(out, "rootfs.tar")]);
		},
	});
	const kernel = defineStep({
		name: "kernel/none",
		title: "making a kernel",
		version: 1,
		needs: {},
		inputs: {},
		outputs: ["modules", "vmlinuz", "version"],
		async run({ out }) {
			await mkdir(join(out, "modules"));
			await writeFile(join(out, "vmlinuz"), "");
			await writeFile(join(out, "version"), "1");
		},
	});
	const step = rootImageStep({
		rootfs,
		kernel,
		files: {},
		links: {},
		settings: imageSchema.parse({ squashfs: { options } }),
		epoch: 1_735_689_600,
	});
	const entries = await execute({
		steps: await keySteps([step]),
		signal: new AbortController().signal,
		logDir: join(folder, "logs"),
		observe: () => undefined,
	});
	const outputs = entries.get(step.name)?.outputs ?? "";
	const read = async (name: string): Promise<string[]> =>
		(await readFile(join(outputs, name), "utf8")).split("\0").filter(Boolean);
	return {
		listed: (await read("listing")).map((line) => line.split("\t").at(-1)),
		hashed: (await read("hashes")).map((line) => line.slice(66)),
	};
}

test("tells what is in the root", async () => {
	expect(await packAndList([])).toEqual({
		listed: ["kept", "left-out"],
		hashed: ["./kept", "./left-out"],
	});
});

test("does not tell of what mksquashfs was told to leave out", async () => {
	expect(await packAndList(["-e", "left-out"])).toEqual({
		listed: ["kept"],
		hashed: ["./kept"],
	});
});
