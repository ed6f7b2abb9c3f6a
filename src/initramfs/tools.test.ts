import {
	mkdir,
	mkdtemp,
	readFile,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../system/process.ts";
import { readElf } from "./elf.ts";
import { stateSchema } from "./state-schema.ts";
import { toolClosure } from "./tool-closure.ts";
import { toolSets, wantedTools } from "./tools.ts";

let temp: string;
beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-tools-"));
});
afterAll(() => rm(temp, { recursive: true, force: true }));

test.each(["/bin/sh", "/usr/bin/tar", process.execPath, "/bin/busybox"])(
	"%s needs what readelf(1) says",
	async (program) => {
		const needs = readElf(await readFile(program));
		const { stdout } = await run("readelf", ["-dlW", program]);
		expect(needs).toEqual({
			interpreter: /Requesting program interpreter: (.*)\]/.exec(stdout)?.[1],
			libraries: [...stdout.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(
				(match) => match[1],
			),
		});
	},
);

test("no ELF file is no mistake, half of one is", async () => {
	expect(readElf(Buffer.from("#!/bin/sh\n"))).toBeUndefined();
	const half = (await readFile("/bin/sh")).subarray(0, 900);
	expect(() => readElf(half)).toThrow();
});

test("the closure of this machine's e2fsck is what ldd(1) says, and runs", async () => {
	const files = await toolClosure("/", ["e2fsck"]);
	const { stdout } = await run("ldd", ["/sbin/e2fsck"]);
	const libraries = [...stdout.matchAll(/^\s*(lib\S+) => /gm)].map(
		(match) => `usr/lib/${match[1]}`,
	);
	expect(files.map(({ path }) => path)).toEqual(
		["bin/e2fsck", "lib64/ld-linux-x86-64.so.2", ...libraries.sort()].sort(),
	);
	const root = join(temp, "root");
	for (const { path, source } of files) {
		await mkdir(join(root, path, ".."), { recursive: true });
		await run("cp", [source, join(root, path)]);
	}
	const loader = join(root, "lib64/ld-linux-x86-64.so.2");
	const { stderr } = await run(loader, [
		"--inhibit-cache",
		"--library-path",
		join(root, "usr/lib"),
		join(root, "bin/e2fsck"),
		"-V",
	]);
	expect(stderr).toMatch(/^e2fsck \d/);
});

test("links count from the packages' own root; what is missing is named", async () => {
	const root = join(temp, "packages");
	await mkdir(join(root, "usr/sbin"), { recursive: true });
	await writeFile(join(root, "usr/sbin/real"), "#!/bin/sh\n");
	await symlink("/usr/sbin/real", join(root, "usr/sbin/tool"));
	expect(await toolClosure(root, ["tool"])).toEqual([
		{ path: "bin/tool", source: join(root, "usr/sbin/real") },
	]);
	await expect(toolClosure(root, ["other"])).rejects.toMatchObject({
		problems: [{ code: "INITRAMFS_TOOL_ABSENT" }],
	});
	await expect(
		toolClosure(root, ["tool"], ["libgone.so.1"]),
	).rejects.toMatchObject({
		message: expect.stringContaining(
			"the library libgone.so.1, which tool needs",
		),
	});
});

test("no tool is called like an applet of busybox", async () => {
	const { stdout } = await run("busybox", ["--list"]);
	const applets = new Set(stdout.split("\n"));
	const programs = Object.values(toolSets).flatMap((set) => [...set.programs]);
	expect(programs.filter((program) => applets.has(program))).toEqual([]);
});

test("a config gets the tools it needs and no others", () => {
	const tools = (verity: boolean, state: object): string[] =>
		wantedTools({ verity, state: stateSchema.parse(state) });
	const none = { init: "never", grow: false, check: false };
	expect(tools(false, none)).toEqual([]);
	expect(tools(true, none)).toEqual(["dmsetup"]);
	expect(tools(true, {})).toEqual(["dmsetup", "e2fsprogs"]);
	expect(tools(false, { encryption: "random", filesystem: "xfs" })).toEqual([
		"dmsetup",
		"xfsprogs",
	]);
	expect(tools(false, { encryption: "file", key: "LABEL=k:/key" })).toEqual([
		"cryptsetup",
		"e2fsprogs",
	]);
	expect(tools(false, { encryption: "tpm", ...none })).toEqual([
		"cryptsetup",
		"tpm",
	]);
});
