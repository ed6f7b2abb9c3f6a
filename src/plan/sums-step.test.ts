import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { packageFile } from "../system/package-files.ts";
import { execute } from "./execute.ts";
import { keySteps } from "./key.ts";
import { defineStep } from "./step.ts";
import { sumsStep } from "./sums-step.fixture.ts";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-sums-"));
	vi.stubEnv("DOCK0_CACHE_DIR", join(folder, "cache"));
});
afterEach(async () => {
	vi.unstubAllEnvs();
	await rm(folder, { recursive: true, force: true });
});

/** Runs the step above a root of that content; returns what it made and which steps ran. */
async function sums(content: string, comment: string) {
	const root = defineStep({
		name: "image/root",
		title: "making a root",
		version: 1,
		needs: {},
		inputs: { values: { content } },
		outputs: ["root.img"],
		run: ({ out }) => writeFile(join(out, "root.img"), content),
	});
	const ran: string[] = [];
	const entries = await execute({
		steps: await keySteps([sumsStep(root, "root.img", comment)]),
		signal: new AbortController().signal,
		logDir: join(folder, "logs"),
		observe: (event) => {
			if (event.type === "step:done") ran.push(event.step);
		},
	});
	const outputs = entries.get("image/sums")?.outputs ?? "";
	return { text: await readFile(join(outputs, "SHA256SUMS"), "utf8"), ran };
}

it("sums what its need has made, and runs again only when an input changes", async () => {
	const first = await sums("abc", "mine");
	// FIPS 180-4, example B.1
	expect(first.text).toBe(
		"# mine\nba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  root.img\n",
	);
	expect(first.ran).toEqual(["image/root", "image/sums"]);
	expect(await sums("abc", "mine")).toEqual({ text: first.text, ran: [] });
	expect((await sums("abc", "yours")).ran).toEqual(["image/sums"]);
	expect((await sums("abd", "yours")).ran).toEqual([
		"image/root",
		"image/sums",
	]);
});

it("stands in CONTRIBUTING.md as it is here", async () => {
	const [guide, step, test] = await Promise.all(
		[
			"CONTRIBUTING.md",
			"src/plan/sums-step.fixture.ts",
			"src/plan/sums-step.test.ts",
		].map((file) => readFile(packageFile(file), "utf8")),
	);
	const quotes = [...(guide ?? "").matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
		([, text]) => text ?? "",
	);
	expect(quotes).toHaveLength(2);
	expect(quotes[0]).toBe(step);
	expect(test).toContain(quotes[1]);
});
