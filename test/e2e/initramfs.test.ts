import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../src/system/process.ts";
import { type DebianKernel, debianKernel } from "./support/debian-kernel.ts";
import { makeInitramfs } from "./support/initramfs.ts";
import {
	bootDirect,
	type DirectGuest,
	scsiDisk,
	virtioDisk,
} from "./support/qemu-direct.ts";
import {
	factsOf,
	makeDisk,
	makeLayer,
	makeTinyRoot,
	squash,
} from "./support/tiny-root.ts";

const rootGuid = "6b1c5b9e-30f4-4c0a-9d3a-52a3f0a1b2c3";
const bootUuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
const mib = (count: number): number => count * 1024 * 1024;

let temp: string;
let kernel: DebianKernel;
let initramfs: string;
/** GPT: 1 ext4 volume `boot` with image files, 2 the bare root image, 3 ext4 for state. */
let gptDisk: string;
/** MBR: 1 a FAT volume with the nested image. */
let mbrDisk: string;
let rootImage: string;
const guests: DirectGuest[] = [];

function boot(append: string, devices: readonly string[]): DirectGuest {
	const guest = bootDirect({
		kernel: kernel.image,
		initramfs,
		append,
		devices,
	});
	guests.push(guest);
	return guest;
}

/** Boots to the tiny root's power-off and returns its facts. */
async function facts(
	append: string,
	devices: readonly string[],
): Promise<Record<string, string>> {
	const output = await boot(append, devices).ended();
	expect(output).toContain("FACTS-END");
	return factsOf(output);
}

/** An ext4 file system in a file, filled from a folder. */
async function ext4(
	file: string,
	sizeMiB: number,
	folder: string,
	options: readonly string[] = [],
): Promise<void> {
	await writeFile(file, "");
	await truncate(file, mib(sizeMiB));
	await run("mkfs.ext4", ["-q", "-F", "-d", folder, ...options, file]);
}

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-initramfs-"));
	const at = (...parts: string[]): string => join(temp, ...parts);
	kernel = await debianKernel();
	initramfs = at("initramfs");
	await makeInitramfs(initramfs, kernel);

	await makeTinyRoot(at("root"));
	await makeLayer(at("one"), { order: "one", "only-one": "one" });
	await makeLayer(at("two"), { order: "two", "only-two": "two" });
	await Promise.all(
		["boot", "empty", "wrapped"].map((name) => mkdir(at(name))),
	);
	rootImage = at("boot/root.squashfs");
	await squash(at("root"), rootImage);
	await squash(at("one"), at("boot/one.squashfs"));
	await squash(at("two"), at("boot/two.squashfs"));
	await ext4(at("boot.ext4"), 16, at("boot"), ["-L", "boot", "-U", bootUuid]);
	await ext4(at("state.ext4"), 16, at("empty"), ["-L", "dock0-state"]);
	gptDisk = at("gpt.disk");
	await makeDisk(
		gptDisk,
		64,
		`label: gpt
start=1MiB, size=16MiB, name=volume
start=17MiB, size=16MiB, uuid=${rootGuid}, name=bare-root
start=33MiB, size=16MiB, name=keep
`,
		[
			{ startMiB: 1, file: at("boot.ext4") },
			{ startMiB: 17, file: rootImage },
			{ startMiB: 33, file: at("state.ext4") },
		],
	);

	await ext4(at("wrapped/root.fs"), 16, at("root"));
	await squash(at("wrapped"), at("nested.squashfs"));
	const fat = at("fat.image");
	await writeFile(fat, "");
	await truncate(fat, mib(40));
	await run("mkfs.vfat", ["-F", "32", "-n", "BOOTFAT", fat]);
	await run("mcopy", ["-i", fat, at("nested.squashfs"), "::/nested.squashfs"]);
	mbrDisk = at("mbr.disk");
	await makeDisk(
		mbrDisk,
		48,
		"label: dos\nlabel-id: 0x1badcafe\nstart=1MiB, size=40MiB, type=c\n",
		[{ startMiB: 1, file: fat }],
	);
});

afterAll(async () => {
	for (const guest of guests) guest.kill();
	await rm(temp, { recursive: true, force: true });
});

test("a bare root by GPT PARTUUID, layers in order, state on a device that survives", async () => {
	const first = await facts(
		`dock0.root=PARTUUID=${rootGuid.toUpperCase()} dock0.extra=LABEL=boot:/one.squashfs,PARTLABEL=volume:/two.squashfs dock0.state=PARTLABEL=keep single`,
		virtioDisk(gptDisk),
	);
	expect(first).toMatchObject({
		pid: "1",
		args: "single",
		leftover: "",
		"info.root.image": "/dev/vda2",
		"info.root.type": "squashfs",
		"info.layers": "2",
		"info.layer.2": "PARTLABEL=volume:/two.squashfs",
		"info.state": "PARTLABEL=keep",
		"info.overlay": "on",
		"file./etc/order": "two",
		"file./etc/only-one": "one",
		"file./etc/only-two": "two",
		"file./etc/only-root": "root",
		"file./var/lib/app/content": "from the image",
		"stat./var/lib/app": "750 33:44",
		"stat./missing/made": "755 0:0",
		boots: "",
		"write.etc": "yes",
		"write.root": "no",
	});
	expect(first["mount./"]).toMatch(/^overlay overlay rw/);
	expect(first["mount./run/dock0/root"]).toMatch(/^\/dev\/vda2 squashfs ro/);
	expect(first["mount./var/lib/app"]).toMatch(/^\/dev\/vda3 ext4 rw/);
	expect(first["file./etc/machine-id"]).toMatch(/^[0-9a-f]{32}$/);
	expect(Number(first["info.finish"])).toBeGreaterThan(
		Number(first["info.start"]),
	);

	const second = await facts(
		`dock0.root=UUID=${bootUuid}:/root.squashfs dock0.extra=:/two.squashfs,:/one.squashfs dock0.state=/dev/vda3`,
		virtioDisk(gptDisk),
	);
	expect(second).toMatchObject({
		"info.root.image": "/run/dock0/boot/root.squashfs",
		"file./etc/order": "one",
		boots: "1",
		"file./etc/machine-id": first["file./etc/machine-id"],
		"stat./var/lib/app": "750 33:44",
	});
	expect(second["mount./run/dock0/boot"]).toMatch(/^\/dev\/vda1 ext4 ro/);
});

test("the nested image on FAT by MBR PARTUUID, copied to memory, and a shell before the hand-over", async () => {
	const guest = boot(
		"dock0.root=PARTUUID=1badcafe-01:/nested.squashfs dock0.toram dock0.shell dock0.state.size=20M",
		virtioDisk(mbrDisk),
	);
	await guest.waitFor(/dock0: initramfs 2 start \d+\.\d\d/);
	await guest.waitFor(/dock0: shell: asked for by dock0\.shell.*\n/);
	await guest.waitFor(/# /);
	guest.type("echo shell-$((6 * 7)); tty; exit\n");
	await guest.waitFor(/shell-42\n\/dev\/ttyS0\n/);
	await guest.waitFor(/dock0: initramfs 2 done \d+\.\d\d/);
	const told = factsOf(await guest.ended());
	expect(told).toMatchObject({
		"info.root.inner": "root.fs",
		"info.root.type": "ext4",
		"info.toram": "on",
		"info.state": "memory",
		"file./etc/order": "root",
		"file./var/lib/app/content": "from the image",
		"write.etc": "yes",
		"write.root": "no",
	});
	expect(told["mount./var/lib/app"]).toMatch(/^tmpfs tmpfs rw.*size=20480k/);
	expect(told["mount./run/dock0/root"]).toMatch(/^\/dev\/loop\d ext4 ro/);
	expect(told["mount./run/dock0/boot"]).toBeUndefined();
	expect(Object.values(told).join("\n")).not.toContain("/dev/vda");
});

test("a plain read-only root on a SCSI disk, state in a folder of a volume that also boots", async () => {
	const plain = await facts(
		"dock0.root=/dev/sda dock0.overlay=off",
		scsiDisk(rootImage),
	);
	expect(plain).toMatchObject({
		"info.overlay": "off",
		"write.etc": "no",
		"file./var/lib/app/content": "from the image",
		"stat./missing/made": "",
	});
	expect(plain["mount./"]).toMatch(/^\/dev\/sda squashfs ro/);
	expect(plain["mount./var/lib/app"]).toMatch(/^tmpfs tmpfs rw/);

	const shared = await facts(
		"dock0.root=LABEL=boot:/root.squashfs dock0.state=LABEL=boot:/kept",
		virtioDisk(gptDisk),
	);
	expect(shared["mount./var/lib/app"]).toMatch(/^\/dev\/vda1 ext4 rw/);
	expect(shared["mount./run/dock0/boot"]).toMatch(/^\/dev\/vda1 ext4 ro/);
});

test("a missing root: report, countdown, a key for a shell, reboot", async () => {
	const guest = boot(
		"dock0.root=UUID=no-such dock0.wait=1 dock0.rebootafter=3600",
		[...virtioDisk(gptDisk), ...virtioDisk(mbrDisk)],
	);
	await guest.waitFor(
		/FAILED: dock0\.root: no device UUID=no-such after 1 s\n/,
	);
	await guest.waitFor(/kernel command line: .*dock0\.root=UUID=no-such/);
	await guest.waitFor(
		new RegExp(
			`/dev/vda1 16384 KiB type=ext4 label=boot uuid=${bootUuid} partlabel=volume partuuid=`,
		),
	);
	await guest.waitFor(
		new RegExp(
			`/dev/vda2 16384 KiB type=squashfs label= uuid= partlabel=bare-root partuuid=${rootGuid}`,
		),
	);
	await guest.waitFor(
		/\/dev\/vdb1 40960 KiB type=vfat label=BOOTFAT uuid=[0-9A-F]{4}-[0-9A-F]{4} partlabel= partuuid=1badcafe-01\n/,
	);
	await guest.waitFor(/last lines of the kernel:\n.*\[ /);
	await guest.waitFor(/reboot in 3600 s; press a key on ttyS0 for a shell/);
	guest.type(" ");
	await guest.waitFor(/dock0: shell: asked for by a key.*\n/);
	await guest.waitFor(/# /);
	guest.type("echo rescue-$((6 * 7)); exit\n");
	await guest.waitFor(/rescue-42/);
	await guest.waitFor(/dock0: reboot now/);
	await guest.ended();
});

test("a shell before anything else; an init that cannot run is reported while somebody is left to do so", async () => {
	const guest = boot(
		"dock0.root=/dev/vda dock0.shell=early dock0.init=/sbin/broken dock0.onfailure=poweroff dock0.rebootafter=1 dock0.typo=1",
		virtioDisk(rootImage),
	);
	await guest.waitFor(/dock0: unknown kernel parameter: dock0\.typo=1\n/);
	await guest.waitFor(/dock0: shell: asked for by dock0\.shell=early.*\n/);
	await guest.waitFor(/# /);
	guest.type("ls /sys/module/virtio_blk; exit\n");
	await guest.waitFor(/virtio_blk: No such file or directory\n/);
	await guest.waitFor(
		/FAILED: dock0\.init: \/sbin\/broken needs \/no\/such\/shell, which the root lacks\n/,
	);
	await guest.waitFor(/dock0: poweroff now\n/);
	expect(await guest.ended()).not.toContain("Kernel panic");
});
