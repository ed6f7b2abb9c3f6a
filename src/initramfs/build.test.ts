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
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../system/process.ts";
import { neededApplets } from "./applets.ts";
import { buildInitramfs } from "./build.ts";
import { initramfsSchema } from "./schema.ts";
import { stateSchema } from "./state-schema.ts";

const version = "6.1.0-test";
let temp: string;
let modulesRoot: string;

/** A kernel's module folder whose modules are packed in each way there is. */
beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-build-"));
	modulesRoot = join(temp, "modules");
	const folder = join(modulesRoot, "usr/lib/modules", version);
	await mkdir(join(folder, "kernel/fs"), { recursive: true });
	const plain = (name: string): string => join(folder, "kernel", name);
	await writeFile(plain("fs/squashfs.ko"), "module squashfs");
	await writeFile(plain("overlay.ko.gz"), gzipSync("module overlay"));
	await writeFile(plain("loop.ko"), "module loop");
	await writeFile(plain("virtio-blk.ko"), "module virtio_blk");
	await run("xz", ["-q", plain("loop.ko")]);
	await run("zstd", ["-q", "--rm", plain("virtio-blk.ko")]);
	await writeFile(
		join(folder, "modules.dep"),
		`kernel/fs/squashfs.ko:
kernel/overlay.ko.gz:
kernel/loop.ko.xz:
kernel/virtio-blk.ko.zst: kernel/overlay.ko.gz
`,
	);
});
afterAll(() => rm(temp, { recursive: true, force: true }));

/** A stand-in for busybox that lists the given applets. */
async function fakeBusybox(applets: readonly string[]): Promise<string> {
	const file = join(temp, `busybox-${applets.length}`);
	await writeFile(file, `#!/bin/sh\nprintf '%s\\n' ${applets.join(" ")}\n`, {
		mode: 0o755,
	});
	return file;
}

async function build(
	name: string,
	config: Record<string, unknown>,
	applets: readonly string[] = neededApplets,
	kernelVersion = version,
): Promise<Buffer> {
	const out = join(temp, name);
	await buildInitramfs({
		modulesRoot,
		kernelVersion,
		busybox: await fakeBusybox(applets),
		settings: initramfsSchema.parse({
			baseModules: ["squashfs", "?loop", "?ext4"],
			modules: ["virtio_blk"],
			...config,
		}),
		state: stateSchema.parse({}),
		out,
		run,
	});
	return readFile(out);
}

const unpackers = {
	zstd: ["zstd", "-dcq"],
	gzip: ["gzip", "-dc"],
	xz: ["xz", "-dc"],
	none: ["cat"],
} as const;

test.each(Object.entries(unpackers))(
	"%s: the same bytes twice, and the members a kernel needs",
	async (compression, [command, ...args]) => {
		const first = await build(`${compression}-1`, { compression });
		const second = await build(`${compression}-2`, { compression });
		expect(first.equals(second)).toBe(true);
		const archive = join(temp, `${compression}.cpio`);
		await run(command, args, { input: first, stdoutFile: archive });
		const content = async (path: string): Promise<string> =>
			(await run("bsdtar", ["-xOf", archive, path])).stdout;
		expect(await content("lib/dock0/modules.list")).toBe(
			`squashfs demand squashfs.ko
loop demand loop.ko
virtio_blk start overlay.ko virtio_blk.ko
`,
		);
		for (const name of ["squashfs", "loop", "overlay", "virtio_blk"])
			expect(await content(`lib/dock0/modules/${name}.ko`)).toBe(
				`module ${name}`,
			);
		expect(await content("init")).toContain("switch_root");
		const { stdout } = await run("bsdtar", ["-tvf", archive]);
		expect(stdout).toMatch(/^crw------- .* dev\/console$/m);
		expect(stdout).toMatch(/ bin\/sh -> busybox$/m);
		if (compression === "xz")
			// stream flags of the header: check type 1 is CRC32 (the .xz file format, 2.1.1.2)
			expect(first[7]).toBe(1);
	},
);

test("missing applets are named", async () => {
	const applets = neededApplets.filter(
		(name) => name !== "switch_root" && name !== "insmod",
	);
	await expect(build("applets", {}, applets)).rejects.toMatchObject({
		code: "INITRAMFS_BUSYBOX_APPLETS",
		message: expect.stringContaining(": insmod, switch_root"),
	});
});

test("another kernel's modules are named, and nothing is left behind", async () => {
	await expect(
		build("version", {}, neededApplets, "9.9.9"),
	).rejects.toMatchObject({
		problems: [
			{ code: "INITRAMFS_NO_MODULES", hint: `it has those of: ${version}` },
		],
	});
	const left = await readdir(temp);
	expect(left.filter((name) => /^(\.initramfs|version)/.test(name))).toEqual(
		[],
	);
});

test("modules without depmod's index are reported", async () => {
	const folder = join(modulesRoot, "lib/modules/bare/kernel");
	await mkdir(folder, { recursive: true });
	await expect(build("bare", {}, neededApplets, "bare")).rejects.toMatchObject({
		code: "INITRAMFS_NO_MODULE_INDEX",
	});
});
