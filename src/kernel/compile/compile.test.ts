import {
	chmod,
	mkdir,
	mkdtemp,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../../system/process.ts";
import { kernelSchema, shippedFragments } from "../schema.ts";
import { collectRequests } from "./fragments.ts";
import { makeCommand, timestamp } from "./make.ts";
import { summariseMake } from "./make-log.ts";
import { applyPatch, failedHunks, listPatches } from "./patches.ts";

let temp: string;
beforeEach(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-kernel-"));
});
afterEach(() => rm(temp, { recursive: true, force: true }));

const context = { run, log: () => undefined };

test("the first real error is found among consequences and warnings", () => {
	const summary = summariseMake([
		"  CC      fs/open.o",
		"fs/open.c:10:5: warning: unused variable 'x' [-Wunused-variable]",
		"fs/open.c:10:5: warning: unused variable 'x' [-Wunused-variable]",
		"make[3]: *** Waiting for unfinished jobs....",
		"fs/read.c:12:2: error: 'foo' undeclared",
		"   12 |  foo();",
		"      |  ^~~",
		"make[3]: *** [scripts/Makefile.build:229: fs/read.o] Error 1",
		"fs/write.c:1:1: error: another",
		"make: *** [Makefile:234: __sub-make] Error 2",
	]);
	expect(summary.firstError).toBe(
		"fs/read.c:12:2: error: 'foo' undeclared\n   12 |  foo();\n      |  ^~~",
	);
	expect(summary.errors).toBe(2);
	expect(summary.warnings).toHaveLength(1);
});

test("linker errors and missing rules are errors, too", () => {
	expect(
		summariseMake([
			"ld: vmlinux.o: in function `x': undefined reference to `y'",
		]).firstError,
	).toContain("undefined reference");
	expect(
		summariseMake(["make[1]: *** No rule to make target 'foo'.  Stop."])
			.firstError,
	).toContain("No rule");
	expect(summariseMake(["  CC      lib/error.o"]).firstError).toBeUndefined();
});

test("time stamps are date(1)'s, and the environment cannot interfere", () => {
	expect(timestamp(1_735_689_600)).toBe("Wed Jan  1 00:00:00 UTC 2025");
	const { args, env } = makeCommand(
		{ tree: "/t", output: "/o", epoch: 0, jobs: 3 },
		["all"],
	);
	expect(args).toEqual(
		expect.arrayContaining(["--directory=/t", "O=/o", "--jobs=3", "all"]),
	);
	expect(env.KBUILD_BUILD_USER).toBe("dock0");
});

test("a patch applies; one that does not names hunk, file and line", async () => {
	const tree = join(temp, "tree");
	await mkdir(join(tree, "fs"), { recursive: true });
	const original = Array.from({ length: 60 }, (_, at) => `line ${at}\n`).join(
		"",
	);
	await writeFile(join(tree, "fs/foo.c"), original);
	const diff = (second: string): string =>
		[
			"--- a/fs/foo.c",
			"+++ b/fs/foo.c",
			"@@ -1,3 +1,3 @@",
			"-line 0",
			"+first line",
			" line 1",
			" line 2",
			"@@ -40,3 +40,3 @@",
			` ${second}`,
			"-line 40",
			"+fortieth line",
			" line 41",
			"",
		].join("\n");
	const good = join(temp, "good.patch");
	const bad = join(temp, "bad.patch");
	await writeFile(good, diff("line 39"));
	await writeFile(bad, diff("line 39").replace("-line 40", "-line forty"));
	await expect(
		applyPatch(context, { path: bad, kind: "diff" }, tree),
	).rejects.toThrow(`${bad} does not apply: hunk 2 of fs/foo.c (at line 40)`);
	await writeFile(join(tree, "fs/foo.c"), original);
	await applyPatch(context, { path: good, kind: "diff" }, tree);
	expect(await readFile(join(tree, "fs/foo.c"), "utf8")).toContain(
		"fortieth line",
	);
	await expect(
		applyPatch(context, { path: good, kind: "diff" }, tree),
	).rejects.toThrow(/foo\.c/);
});

test("a patch for a file that is not there says so", () => {
	expect(
		failedHunks(
			"can't find file to patch at input line 3\nPerhaps you used the wrong -p or --strip option?\nThe text leading up to this was:\n--------------------------\n|--- a/fs/gone.c\n|+++ b/fs/gone.c\n--------------------------\nNo file to patch.  Skipping patch.\n",
		),
	).toEqual(["there is no file fs/gone.c"]);
});

test("folders of patches are sorted, executables run in the tree", async () => {
	const folder = join(temp, "patches");
	const tree = join(temp, "tree");
	await Promise.all([mkdir(folder), mkdir(tree)]);
	await writeFile(join(folder, "20-b.patch"), "");
	await writeFile(join(folder, "10-a.sh"), "#!/bin/sh\npwd > made\n");
	await chmod(join(folder, "10-a.sh"), 0o755);
	const patches = await listPatches([folder]);
	expect(patches.map(({ kind }) => kind)).toEqual(["program", "diff"]);
	const [program] = patches;
	if (program) await applyPatch(context, program, tree);
	expect((await readFile(join(tree, "made"), "utf8")).trim()).toBe(tree);
	await expect(listPatches([join(temp, "none")])).rejects.toThrow(
		"there is no patch",
	);
});

test("shipped fragments parse; options and revision come last; optional is honoured", async () => {
	const requests = await collectRequests(
		kernelSchema.parse({
			config: [...shippedFragments],
			options: { NR_CPUS: 8, CONFIG_CMDLINE: 'a "b"', MODULES: "n" },
			optional: ["CONFIG_NR_CPUS"],
			revision: "7",
		}),
	);
	const value = (name: string) =>
		requests.find((request) => request.name === name);
	expect(value("NR_CPUS")).toMatchObject({ value: "8", optional: true });
	expect(value("CMDLINE")?.value).toBe('"a \\"b\\""');
	expect(value("MODULES")?.value).toBe("n");
	expect(value("LOCALVERSION")?.value).toBe('"-7"');
	expect(new Set(requests.map(({ name }) => name)).size).toBe(requests.length);
	await expect(
		collectRequests(kernelSchema.parse({ config: [join(temp, "dokcer")] })),
	).rejects.toMatchObject({
		problems: [{ hint: expect.stringContaining("'docker'") }],
	});
});
