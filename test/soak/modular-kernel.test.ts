import { createHash } from "node:crypto";
import {
	copyFile,
	mkdir,
	mkdtemp,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kernelSchema } from "../../src/kernel/schema.ts";
import { run } from "../../src/system/process.ts";
import {
	bootTinyRoot,
	compiledKernel,
} from "../e2e/support/compiled-kernel.ts";
import { factsOf } from "../e2e/support/tiny-root.ts";

// A kernel whose drivers are modules: small, because only their being modules matters here.
const settings = kernelSchema.parse({
	source: "debian",
	sourcePackage: "linux-source-6.12",
	revision: "modular",
	config: ["base", "squashfs-root", "filesystems", "virtio", "modules"],
	options: {
		SQUASHFS: "m",
		OVERLAY_FS: "m",
		EXT4_FS: "m",
		VIRTIO_BLK: "m",
		BLK_DEV_LOOP: "m",
	},
});

let temp: string;
let first: string;

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-modular-"));
	first = await compile();
});
afterAll(() => rm(temp, { recursive: true, force: true }));

const compile = (): Promise<string> =>
	compiledKernel(settings, join(temp, "logs"));

test("a modular kernel boots with the modules that the initramfs takes along, and with one built outside of its tree", async () => {
	const version = await readFile(join(first, "version"), "utf8");
	const modules = join(temp, "modules");
	await run("cp", ["-a", join(first, "modules"), modules]);
	const hello = await buildOutsideModule(version);
	const extra = join(modules, "lib/modules", version, "extra");
	await mkdir(extra);
	await copyFile(hello, join(extra, "hello.ko"));
	await run("depmod", ["-b", modules, version]);
	const output = await bootTinyRoot(
		temp,
		{ image: join(first, "vmlinuz"), root: modules, version },
		{ settings: { modules: ["hello"] }, parameters: "loglevel=6" },
	);
	const facts = factsOf(output);
	expect(output).toContain("hello from outside of the tree");
	expect(facts["info.root.type"]).toBe("squashfs");
	expect(facts["mount./var/lib/app"]).toMatch(/^\/dev\/vdb ext4 rw/);
	const loaded = (facts.modules ?? "").split(" ");
	expect(loaded).toEqual(
		expect.arrayContaining([
			"squashfs",
			"overlay",
			"ext4",
			"virtio_blk",
			"hello",
		]),
	);
});

test("a second compile of the same inputs gives the same kernel and modules, byte for byte", async () => {
	const before = await digests(first);
	await rm(join(first, ".."), { recursive: true, force: true });
	const second = await compile();
	expect(await digests(second)).toEqual(before);
});

/** SHA-256 of everything that reaches a host. */
async function digests(outputs: string): Promise<Record<string, string>> {
	const { stdout } = await run("find", [
		...[outputs, "-type", "f", "-not", "-name", "make.log"],
		...["-not", "-name", "warnings", "-printf", "%P\\n"],
	]);
	const names = stdout.trim().split("\n").sort();
	return Object.fromEntries(
		await Promise.all(
			names.map(async (name) => [
				name,
				createHash("sha256")
					.update(await readFile(join(outputs, name)))
					.digest("hex"),
			]),
		),
	) as Record<string, string>;
}

/** Compiles a module against the kernel's headers alone; returns the path of its .ko. */
async function buildOutsideModule(version: string): Promise<string> {
	const folder = join(temp, "hello");
	await mkdir(folder);
	await run("tar", [...["-xf", join(first, "headers.tar.zst"), "-C", temp]]);
	await writeFile(
		join(folder, "hello.c"),
		`#include <linux/module.h>
static int __init hello(void) { pr_notice("hello from outside of the tree\\n"); return 0; }
static void __exit bye(void) {}
module_init(hello);
module_exit(bye);
MODULE_LICENSE("GPL");
`,
	);
	await writeFile(join(folder, "Makefile"), "obj-m := hello.o\n");
	await run("make", [
		"-C",
		join(temp, "usr/src", `linux-headers-${version}`),
		`M=${folder}`,
		"modules",
	]);
	return join(folder, "hello.ko");
}
