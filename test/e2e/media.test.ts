import {
	copyFile,
	link,
	mkdir,
	mkdtemp,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isoGrubStep } from "../../src/image/disk/grub-step.ts";
import type { DiskOptions } from "../../src/image/disk/write-disk.ts";
import {
	memoryNames,
	memoryParameters,
} from "../../src/image/media/boot-parameters.ts";
import { isoGrubConfig, writeIso } from "../../src/image/media/iso.ts";
import {
	memoryArchiveName,
	writeMemoryArchive,
} from "../../src/image/media/memory-archive.ts";
import { writeOciArchive } from "../../src/image/media/oci.ts";
import { pxeScripts } from "../../src/image/media/pxe.ts";
import { sha256File } from "../../src/system/files.ts";
import { run } from "../../src/system/process.ts";
import { bootDisk, type DirectGuest } from "./support/qemu-direct.ts";
import { makeStep, tinyDiskParts } from "./support/tiny-disk.ts";
import { factsOf, makeLayer, squash } from "./support/tiny-root.ts";

const release = "ab".repeat(32);
let temp: string;
let parts: DiskOptions;
let parameters: string[];
let files: Record<string, string>;
let iso: string;
const guests: DirectGuest[] = [];

async function makeIso(file: string): Promise<void> {
	const script = isoGrubConfig({
		title: "tiny 1.0",
		release,
		parameters,
		settings: parts.settings,
	});
	await writeIso(file, {
		...{ release, files, settings: parts.settings, epoch: parts.epoch },
		host: "tiny",
		grub: await makeStep(temp, isoGrubStep(script)),
		work: temp,
	});
}

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-media-"));
	parts = await tinyDiskParts(join(temp, "parts"));
	parameters = memoryParameters(
		parts.release.cmdline.split(" "),
		"root.squashfs",
		true,
	);
	const bundle = join(temp, memoryNames.bundle);
	await makeLayer(join(temp, "layer"), { order: "bundle" });
	await squash(join(temp, "layer"), bundle);
	const archive = join(temp, memoryArchiveName);
	await writeMemoryArchive(
		archive,
		[
			{ name: "root.squashfs", source: parts.release.root },
			{ name: memoryNames.bundle, source: bundle },
		],
		{ epoch: parts.epoch, mode: 0o600 },
	);
	files = { initramfs: parts.release.initramfs, [memoryArchiveName]: archive };
	// The kernel may lie on another file system, and a release's files are links.
	const kernel = join(temp, "kernel");
	await copyFile(parts.release.kernel, kernel);
	files.vmlinuz = kernel;
	iso = join(temp, "one.iso");
	await makeIso(iso);
});
afterAll(async () => {
	for (const guest of guests) guest.kill();
	await rm(temp, { recursive: true, force: true });
});

/** Boots to the power-off of the tiny root, which must run from memory. */
async function expectMemoryHost(
	devices: readonly string[],
	firmware: "bios" | "efi",
): Promise<void> {
	const guest = await bootDisk({
		...{ devices, firmware, folder: temp, memoryMiB: 768 },
	});
	guests.push(guest);
	const facts = factsOf(await guest.ended(240));
	expect(facts).toMatchObject({
		"info.root": "initrd:/root.squashfs",
		"info.layers": "1",
		"info.state": "memory",
		"file./etc/order": "bundle",
		"write.etc": "yes",
	});
	expect(facts.cmdline).toContain(parameters.join(" "));
}

test("the same inputs give the same ISO", async () => {
	const again = join(temp, "again.iso");
	await makeIso(again);
	expect(await sha256File(again)).toBe(await sha256File(iso));
});

test.each(["bios", "efi"] as const)(
	"the ISO boots as a CD by %s",
	async (firmware) => {
		await expectMemoryHost(
			[
				...["-drive", `file=${iso},format=raw,if=none,id=cd,readonly=on`],
				...["-device", "ide-cd,drive=cd"],
			],
			firmware,
		);
	},
);

test.each(["bios", "efi"] as const)(
	"the ISO boots from a USB stick by %s",
	async (firmware) => {
		await expectMemoryHost(
			[
				...["-device", "qemu-xhci"],
				...["-drive", `file=${iso},format=raw,if=none,id=usb`],
				...["-device", "usb-storage,drive=usb"],
			],
			firmware,
		);
	},
);

test("the PXE folder boots over the network, by iPXE", async () => {
	const folder = join(temp, "pxe");
	for (const [name, text] of Object.entries(pxeScripts(parameters))) {
		await mkdir(dirname(join(folder, name)), { recursive: true });
		await writeFile(join(folder, name), text);
	}
	for (const [name, source] of Object.entries(files))
		await link(source, join(folder, name));
	await expectMemoryHost(
		[
			...["-netdev", `user,id=net,tftp=${folder},bootfile=boot.ipxe`],
			...["-device", "virtio-net-pci,netdev=net,bootindex=1"],
		],
		"bios",
	);
});

test("skopeo takes the OCI archive and finds the root in it", async () => {
	const rootfs = join(temp, "rootfs.tar");
	await run("tar", ["-C", join(temp, "parts/root"), "-cf", rootfs, "."]);
	const write = async (name: string): Promise<string> => {
		const file = join(temp, name);
		await writeOciArchive(file, {
			...{ rootfs, name: "tiny", version: "1.0", epoch: parts.epoch },
		});
		return file;
	};
	const archive = await write("one.oci.tar");
	const copy = join(temp, "oci");
	// It checks every digest on the way.
	await run("skopeo", [
		...["--insecure-policy", "copy", `oci-archive:${archive}:1.0`],
		`dir:${copy}`,
	]);
	const inspected = await run("skopeo", ["inspect", `dir:${copy}`]);
	const [layer] = (JSON.parse(inspected.stdout) as { Layers: string[] }).Layers;
	const unpacked = join(temp, "layer.tar");
	await run("gzip", ["-dc", join(copy, layer?.replace("sha256:", "") ?? "")], {
		stdoutFile: unpacked,
	});
	expect(await sha256File(unpacked)).toBe(await sha256File(rootfs));
	expect(await sha256File(await write("two.oci.tar"))).toBe(
		await sha256File(archive),
	);
});
