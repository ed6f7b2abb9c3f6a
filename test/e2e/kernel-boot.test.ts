import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildInitramfs } from "../../src/initramfs/build.ts";
import { initramfsSchema } from "../../src/initramfs/schema.ts";
import { stateSchema } from "../../src/initramfs/state-schema.ts";
import {
	checkForDocker,
	requireDockerFit,
} from "../../src/kernel/docker-check.ts";
import { sourceKernelSteps } from "../../src/kernel/plan.ts";
import { kernelSchema } from "../../src/kernel/schema.ts";
import { execute } from "../../src/plan/execute.ts";
import { keySteps } from "../../src/plan/key.ts";
import { run } from "../../src/system/process.ts";
import { bootDirect, virtioDisk } from "./support/qemu-direct.ts";
import {
	factsOf,
	hostBusybox,
	makeTinyRoot,
	squash,
} from "./support/tiny-root.ts";

// The only compile of the tests; the step cache keeps it for as long as sources, fragments and compiler are the same.
const compileMinutes = 60;
const epoch = 1_735_689_600;
let temp: string;
let kernel: string;

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-kernel-boot-"));
	const { compile } = await sourceKernelSteps({
		settings: kernelSchema.parse({
			source: "debian",
			sourcePackage: "linux-source-6.12",
			revision: "dock0",
		}),
		epoch,
	});
	const entries = await execute({
		steps: await keySteps([compile]),
		observe: () => undefined,
		signal: new AbortController().signal,
		logDir: join(temp, "logs"),
	});
	kernel = entries.get(compile.name)?.outputs ?? "";
}, compileMinutes * 60_000);
afterAll(() => rm(temp, { recursive: true, force: true }));

test("the compiled kernel is small, reproducibly labelled, without modules, and fit for Docker", async () => {
	const version = await readFile(join(kernel, "version"), "utf8");
	expect(version).toMatch(/^6\.12\.\d+-dock0$/);
	expect((await stat(join(kernel, "vmlinuz"))).size).toBeLessThan(12e6);
	const modules = join(kernel, "modules/lib/modules", version);
	expect(await readdir(modules)).toEqual(
		expect.arrayContaining(["modules.builtin", "modules.dep"]),
	);
	expect(await readFile(join(modules, "modules.builtin"), "utf8")).toMatch(
		/squashfs\.ko/,
	);
	expect(await readFile(join(modules, "modules.dep"), "utf8")).toBe("");
	expect(await readFile(join(kernel, "make.log"), "utf8")).toContain("bzImage");
	const check = await checkForDocker(join(kernel, "config"));
	requireDockerFit(check);
});

test("it boots the initramfs without a module, mounts a squashfs and an overlay, and keeps state on ext4", async () => {
	const version = await readFile(join(kernel, "version"), "utf8");
	const initramfs = join(temp, "initramfs");
	await buildInitramfs({
		modulesRoot: join(kernel, "modules"),
		kernelVersion: version,
		busybox: hostBusybox,
		state: stateSchema.parse({}),
		settings: initramfsSchema.parse({ waitSeconds: 30 }),
		out: initramfs,
		run,
	});
	await makeTinyRoot(join(temp, "root"));
	await squash(join(temp, "root"), join(temp, "root.squashfs"));
	const state = join(temp, "state.ext4");
	await run("mkfs.ext4", ["-q", "-F", "-L", "dock0-state", state, "16M"]);
	const guest = bootDirect({
		kernel: join(kernel, "vmlinuz"),
		initramfs,
		append: "dock0.root=/dev/vda dock0.state=/dev/vdb",
		devices: [...virtioDisk(join(temp, "root.squashfs")), ...virtioDisk(state)],
	});
	const facts = factsOf(await guest.ended(240));
	expect(facts).toMatchObject({
		pid: "1",
		"info.root.type": "squashfs",
		"info.overlay": "on",
		"write.etc": "yes",
		"write.root": "no",
	});
	expect(facts["mount./"]).toMatch(/^overlay overlay rw/);
	expect(facts["mount./var/lib/app"]).toMatch(/^\/dev\/vdb ext4 rw/);
});
