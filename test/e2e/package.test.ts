import {
	copyFile,
	mkdtemp,
	readdir,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "../../src/system/process.ts";
import { checkout } from "./support/dock0.ts";

/** An empty folder, into which the packed package is installed as a user does it. */
let folder: string;
const here = (command: string, ...args: string[]) =>
	run(command, args, { cwd: folder, okExitCodes: [0, 1, 2] });

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-package-"));
	await run("npm", ["pack", "--silent", "--pack-destination", folder], {
		cwd: checkout("."),
	});
	const [tarball = ""] = await readdir(folder);
	expect(tarball).toMatch(/^dock0-\d.*\.tgz$/);
	await writeFile(join(folder, "package.json"), '{ "type": "module" }');
	await run(
		"npm",
		["install", "--silent", "--no-audit", "--no-fund", `./${tarball}`],
		{ cwd: folder },
	);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("holds what runs, its licences and its manual, and no tests", async () => {
	const names = await readdir(join(folder, "node_modules/dock0"), {
		recursive: true,
	});
	for (const name of [
		"LICENSE",
		"README.md",
		"dist/THIRD-PARTY-LICENCES.txt",
		"dist/types/index.d.ts",
		"man/dock0.1",
		"profiles/debian.yaml",
		"schema.json",
		"templates/kiosk/dock0.yaml",
	])
		expect(names).toContain(name);
	expect(names.filter((name) => /^test\/|\.test\./.test(name))).toEqual([]);
});

it("runs by npx: help, a new project, its plan", async () => {
	const help = await here("npx", "--no-install", "dock0", "--help");
	expect(help.stdout).toContain("Usage: dock0");
	const init = await here(
		"npx",
		"--no-install",
		"dock0",
		"init",
		"web",
		"--yes",
	);
	expect(init.stdout).toContain("wrote dock0.yaml");
	const config = await readFile(join(folder, "web/dock0.yaml"), "utf8");
	expect(config).toContain("$schema=../node_modules/dock0/schema.json");
	const plan = await here("npx", "--no-install", "dock0", "plan", "-C", "web");
	expect(plan.stderr).toBe("");
	expect(plan.stdout).toContain("rootfs/packages");
});

it("is imported by programs: the example plans, builds and inspects", async () => {
	await copyFile(checkout("examples/api/build.js"), join(folder, "build.js"));
	const { stdout, stderr, exitCode } = await here("node", "build.js", "web");
	expect(stderr).toBe("");
	expect(stdout).toMatch(/^web: \d+ of \d+ steps to run$/m);
	expect(stdout).toMatch(/web\/build\/web: \d+ MB$/m);
	expect(exitCode).toBe(0);
	const missing = await here("node", "build.js", "nowhere");
	expect(missing.stderr).toContain("CONFIG_NOT_FOUND");
	expect(missing.exitCode).toBe(2);
});

it("has types, by which right use compiles and wrong use does not", async () => {
	const check = async (name: string, source: string) => {
		await writeFile(join(folder, name), source);
		return here(
			checkout("node_modules/.bin/tsc"),
			...["--noEmit", "--strict", "--module", "nodenext"],
			...["--target", "es2022", "--skipLibCheck"],
			...["--typeRoots", checkout("node_modules/@types"), "--types", "node"],
			name,
		);
	};
	const begin =
		'import { build, loadProject, plan } from "dock0";\nconst project = await loadProject({ files: [] });\n';
	const right = await check(
		"right.ts",
		`${begin}const { manifest } = await build(project);\nconst name: string = manifest.name + (await plan(project)).length + project.config.value.vm.memory.toFixed();\nconsole.log(name);\n`,
	);
	expect(right.stdout).toBe("");
	expect(right.exitCode).toBe(0);
	const wrong = await check(
		"wrong.ts",
		`${begin}await build(project, { refesh: true });\nproject.config.value.vm.memory.trim();\n`,
	);
	expect(wrong.stdout).toContain("refesh");
	expect(wrong.stdout).toContain("trim");
});
