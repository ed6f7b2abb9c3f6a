import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
	checkForDocker,
	requireDockerFit,
} from "../../src/kernel/docker-check.ts";
import { kernelSchema } from "../../src/kernel/schema.ts";
import { bootTinyRoot, compiledKernel } from "./support/compiled-kernel.ts";
import { factsOf } from "./support/tiny-root.ts";

// The only compile of the tests; the step cache keeps it for as long as sources, fragments and compiler are the same.
const compileMinutes = 60;
let temp: string;
let kernel: string;

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-kernel-boot-"));
	kernel = await compiledKernel(
		kernelSchema.parse({
			source: "debian",
			sourcePackage: "linux-source-6.12",
			revision: "dock0",
		}),
		join(temp, "logs"),
	);
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
	const output = await bootTinyRoot(
		temp,
		{
			image: join(kernel, "vmlinuz"),
			root: join(kernel, "modules"),
			version,
		},
		{ settings: { waitSeconds: 30 } },
	);
	const facts = factsOf(output);
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
