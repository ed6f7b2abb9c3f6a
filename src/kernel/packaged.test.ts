import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findInstalledKernel } from "./installed-layout.ts";
import { chooseOldKernels } from "./prune.ts";
import { kernelSchema } from "./schema.ts";
import { isStaticProgram } from "./static-elf.ts";

let temp: string;
beforeEach(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-kernel-"));
});
afterEach(() => rm(temp, { recursive: true, force: true }));

async function put(...paths: string[]): Promise<void> {
	for (const path of paths) {
		await mkdir(join(temp, path, ".."), { recursive: true });
		await writeFile(join(temp, path), "");
	}
}

test("finds Debian's and Arch's layout", async () => {
	await put(
		"boot/vmlinuz-6.1.0-1",
		"boot/config-6.1.0-1",
		"lib/modules/6.1.0-1/modules.builtin",
	);
	expect(await findInstalledKernel(temp, "linux")).toEqual({
		version: "6.1.0-1",
		vmlinuz: join(temp, "boot/vmlinuz-6.1.0-1"),
		modules: join(temp, "lib/modules/6.1.0-1"),
		config: join(temp, "boot/config-6.1.0-1"),
	});
	await rm(join(temp, "lib"), { recursive: true });
	await put("usr/lib/modules/7.0-arch1/vmlinuz");
	expect(await findInstalledKernel(temp, "linux")).toMatchObject({
		version: "7.0-arch1",
		vmlinuz: join(temp, "usr/lib/modules/7.0-arch1/vmlinuz"),
	});
});

test("none or two kernels are errors that say so", async () => {
	await expect(findInstalledKernel(temp, "bash")).rejects.toThrow(
		"package bash holds no kernel",
	);
	await put("lib/modules/1/vmlinuz", "lib/modules/2/vmlinuz");
	await expect(findInstalledKernel(temp, "two")).rejects.toThrow(
		"more than one kernel: 1, 2",
	);
});

test("static programs are told from dynamic ones and from anything else", async () => {
	await writeFile(join(temp, "script"), "#!/bin/sh\n");
	expect(await isStaticProgram(join(temp, "script"))).toBe(false);
	// node itself is a dynamic program
	expect(await isStaticProgram(process.execPath)).toBe(false);
	expect(await isStaticProgram("/bin/busybox")).toBe(true);
});

test("schema: plain package, and what each source needs", () => {
	expect(kernelSchema.parse({})).toMatchObject({
		source: "package",
		cmdline: [],
		base: "tiny",
	});
	const issues = (value: object) =>
		kernelSchema
			.safeParse(value)
			.error?.issues.map(({ path }) => path.join("."));
	expect(issues({ source: "tarball" })).toEqual(["tarball"]);
	expect(issues({ source: "git" })).toEqual(["git"]);
	expect(issues({ source: "release", version: "newest" })).toEqual(["version"]);
	expect(issues({ optional: ["CONFIG X"] })).toEqual(["optional.0"]);
	expect(issues({ revision: "a b" })).toEqual(["revision"]);
});

test("pruning keeps the newest of each kind and nothing but kernels goes", () => {
	const entry = (step: string, lastUsed: number) => ({
		key: `${step}${lastUsed}`,
		outputs: "",
		lastUsed,
		record: { step, inputs: {}, seconds: 0, bytes: 0 },
	});
	const doomed = chooseOldKernels(
		[
			entry("kernel/tree", 1),
			entry("kernel/tree", 3),
			entry("kernel/tree", 2),
			entry("kernel/compile", 1),
			entry("rootfs/packages", 0),
		],
		2,
	);
	expect(doomed.map(({ key }) => key)).toEqual(["kernel/tree1"]);
});
