import {
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunResult } from "../../src/system/process.ts";
import { run } from "../../src/system/process.ts";
import { checkout, dock0 } from "./support/dock0.ts";

let folder: string;
let cache: string;
/** With a cache of its own, so that nothing is there before. */
const here = (
	args: readonly string[],
	env: Readonly<Record<string, string>> = {},
): Promise<RunResult> =>
	dock0(args, { cwd: folder, env: { DOCK0_CACHE_DIR: cache, ...env } });

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-cli-"));
	cache = join(folder, "cache");
	await writeFile(
		join(folder, "dock0.yaml"),
		"extends: [dock0/debian-base]\nname: tiny\n",
	);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the command line", () => {
	it("lists its commands", async () => {
		const { exitCode, stdout } = await here(["--help"]);
		expect(exitCode).toBe(0);
		for (const name of ["build", "boot", "plan", "explain", "clean", "doctor"])
			expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, "m"));
	});

	it.each([
		[["--nonsense"]],
		[["bulid"]],
		[["build", "--nonsense"]],
		[["vm", "list", "--nonsense"]],
		[["kernel", "diff"]],
		[["clean", "--older-than", "soon"]],
		[["explain", "nothing.here"]],
	])("refuses %j with exit code 2", async (args) => {
		const { exitCode, stderr } = await here(args);
		expect(stderr).toMatch(/^error: /);
		expect(stderr).not.toMatch(/\n\s+at .*:\d+:\d+|bug in dock0/);
		expect(exitCode).toBe(2);
	});

	it("shows the place of a mistake as file:line:column, with the line", async () => {
		await writeFile(
			join(folder, "wrong.yaml"),
			"name: tiny\nvm:\n  memroy: 3\n",
		);
		const { exitCode, stderr } = await here(["explain", "-c", "wrong.yaml"]);
		expect(stderr).toMatch(/at .*wrong\.yaml:3:3$/m);
		expect(stderr).toContain("3 |   memroy: 3");
		expect(exitCode).toBe(2);
	});

	it("explains which layer set a value", async () => {
		const { exitCode, stdout } = await here(["explain", "name"]);
		expect(stdout).toMatch(/tiny[\s\S]*dock0\.yaml:2/);
		expect(exitCode).toBe(0);
	});

	it("prints a JSON Schema, also into a pipe that closes early", async () => {
		const { stdout } = await here(["schema"]);
		const { properties } = JSON.parse(stdout) as { properties: object };
		expect(Object.keys(properties)).toEqual(
			expect.arrayContaining(["extends", "rootfs", "kernel", "vm"]),
		);
		const { stderr } = await run("sh", [
			"-c",
			'"$0" "$1" schema | head -c 1',
			process.execPath,
			checkout("bin/dock0.js"),
		]);
		expect(stderr).toBe("");
	});
});

describe("an output that cannot be written", () => {
	it("is refused before any step runs, and what is in the way is left alone", async () => {
		await mkdir(join(folder, "full/tiny"), { recursive: true });
		await writeFile(join(folder, "full/tiny/mine"), "precious");
		const { exitCode, stderr } = await here(["build", "-o", "full"]);
		expect(stderr).toContain("[OUTPUT_IN_THE_WAY]");
		expect(stderr).not.toMatch(/^start/m);
		expect(exitCode).toBe(2);
		expect(await readdir(join(folder, "full"))).toEqual(["tiny"]);
		expect(await readFile(join(folder, "full/tiny/mine"), "utf8")).toBe(
			"precious",
		);
	});

	it("is refused as bad input when it lies below a file", async () => {
		const { exitCode, stderr } = await here(["build", "-o", "dock0.yaml/x"]);
		expect(stderr).toContain("[OUTPUT_NOT_WRITABLE]");
		expect(exitCode).toBe(2);
	});
});

it("a cache that is no folder is told without a stack", async () => {
	const { exitCode, stderr } = await here(["plan"], {
		DOCK0_CACHE_DIR: join(folder, "dock0.yaml"),
	});
	expect(stderr).toMatch(/^error: .*\[SYSTEM_REFUSED\]/);
	expect(stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
	expect(exitCode).toBe(1);
});

describe("a secret from the environment", () => {
	it("shows neither in plan and explain, nor in a failed build, its logs and the cache", async () => {
		const secret = "hunter2-correct-horse";
		await writeFile(
			join(folder, "secret.yaml"),
			[
				"extends: [dock0/debian-base]",
				"rootfs:",
				"  debian: { mirrors: ['file:/nowhere'] }",
				// biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the config language
				'  chroot: ["login ${env:TEST_PASSWORD}"]',
				"",
			].join("\n"),
		);
		const env = { TEST_PASSWORD: secret };
		const results = [
			await here(["plan", "secret.yaml", "--json"], env),
			await here(["explain", "-c", "secret.yaml"], env),
			await here(["build", "secret.yaml", "--verbose"], env),
		];
		expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 1]);
		for (const { stdout, stderr } of results)
			expect(stdout + stderr).not.toContain(secret);
		const { stdout } = await run("grep", ["-rlF", secret, cache], {
			okExitCodes: [1, 0],
		});
		expect(stdout).toBe("");
		expect(await readdir(join(cache, "tmp"))).toEqual([]);
	});
});

describe("two builds of the same at once", () => {
	it("share each step, both publish, and clean --all empties the cache", async () => {
		const builds = await Promise.all(
			["one", "two"].map((name) => here(["build", "--json", "-o", name])),
		);
		expect(builds.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
		const started = builds.flatMap(({ stdout }) =>
			stdout
				.trim()
				.split("\n")
				.map((line) => JSON.parse(line) as { type: string; step?: string })
				.filter(({ type }) => type === "step:start")
				.map(({ step }) => step),
		);
		expect(started).toContain("rootfs/packages");
		expect([...started].sort()).toEqual([...new Set(started)].sort());
		const manifests = await Promise.all(
			["one", "two"].map((name) =>
				readFile(join(folder, name, "tiny/manifest.json"), "utf8"),
			),
		);
		expect(manifests[0]).toBe(manifests[1]);
		const { exitCode } = await here(["clean", "--all"]);
		expect(exitCode).toBe(0);
		expect(await readdir(join(cache, "steps"))).toEqual([]);
		expect(await readdir(join(cache, "tmp"))).toEqual([]);
	});
});
