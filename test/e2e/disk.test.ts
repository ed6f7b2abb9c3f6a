import {
	mkdtemp,
	open,
	readFile,
	rm,
	stat,
	truncate,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
	decodeEnvBlock,
	encodeEnvBlock,
} from "../../src/image/disk/env-block.ts";
import { convertDisk } from "../../src/image/disk/formats.ts";
import {
	type DiskLayout,
	planSlot,
	type SlotContent,
} from "../../src/image/disk/layout.ts";
import {
	encodeSlotHeader,
	headerOffset,
} from "../../src/image/disk/slot-header.ts";
import {
	type DiskOptions,
	writeRawDisk,
} from "../../src/image/disk/write-disk.ts";
import { sha256File } from "../../src/system/files.ts";
import { run } from "../../src/system/process.ts";
import {
	bootDisk,
	type DirectGuest,
	scsiDisk,
	virtioDisk,
} from "./support/qemu-direct.ts";
import { diskSettings, tinyDiskParts } from "./support/tiny-disk.ts";
import { factsOf, makeLayer, squash } from "./support/tiny-root.ts";

let temp: string;
let parts: DiskOptions;
let pristine: string;
let layout: DiskLayout;
let sizes: SlotContent;
/** An ext4 file system for the state partition. */
let state: string;
const guests: DirectGuest[] = [];

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-disk-"));
	parts = await tinyDiskParts(join(temp, "parts"));
	pristine = join(temp, "pristine.img");
	layout = await writeRawDisk(pristine, parts);
	const { root, kernel, initramfs } = parts.release;
	sizes = {
		root: (await stat(root)).size,
		kernel: (await stat(kernel)).size,
		initramfs: (await stat(initramfs)).size,
	};
	state = join(temp, "state.ext4");
	await writeFile(state, "");
	await truncate(state, layout.state.bytes);
	await run("mkfs.ext4", ["-q", "-F", "-L", "dock0-state", state]);
});
afterAll(async () => {
	for (const guest of guests) guest.kill();
	await rm(temp, { recursive: true, force: true });
});

type Write = (bytes: Uint8Array, at: number) => Promise<void>;

/** A copy of the pristine disk, with other boot variables and slots. */
async function disk(
	name: string,
	variables: Record<string, string> = {},
	change: (
		write: (bytes: Uint8Array, at: number) => Promise<void>,
	) => Promise<void> = async () => undefined,
): Promise<string> {
	const file = join(temp, `${name}.img`);
	await run("cp", ["--sparse=always", pristine, file]);
	const handle = await open(file, "r+");
	const write = async (bytes: Uint8Array, at: number): Promise<void> => {
		await handle.write(bytes, 0, bytes.length, at);
	};
	const before = await environmentOf(file);
	await write(
		encodeEnvBlock({ ...before, ...variables }),
		layout.boot.start + 512,
	);
	await write(await readFile(state), layout.state.start);
	await change(write);
	await handle.close();
	return file;
}

async function bytesOf(
	file: string,
	at: number,
	length: number,
): Promise<Buffer> {
	const handle = await open(file);
	const bytes = Buffer.alloc(length);
	await handle.read(bytes, 0, length, at);
	await handle.close();
	return bytes;
}

async function environmentOf(file: string): Promise<Record<string, string>> {
	return decodeEnvBlock(await bytesOf(file, layout.boot.start + 512, 1024));
}

async function boot(
	devices: readonly string[],
	firmware: "bios" | "efi" | "secure" = "bios",
): Promise<DirectGuest> {
	const guest = await bootDisk({ devices, firmware, folder: temp });
	guests.push(guest);
	return guest;
}

test("the same inputs give the same bytes", async () => {
	const again = join(temp, "again.img");
	await writeRawDisk(again, parts);
	expect(await sha256File(again)).toBe(await sha256File(pristine));
	await rm(again);
});

test("sfdisk and sgdisk find no fault in the table", async () => {
	const { stdout } = await run("sgdisk", ["-v", pristine]);
	expect(stdout).toMatch(/No problems found/);
	const verified = await run("sfdisk", ["--verify", pristine]);
	expect(verified.stdout + verified.stderr).toMatch(/No errors detected/);
	const listed = await run("sfdisk", ["--json", pristine]);
	const names = JSON.parse(listed.stdout).partitiontable.partitions.map(
		(one: { name: string }) => one.name,
	);
	expect(names).toEqual([
		...["dock0-bios", "dock0-esp", "dock0-boot"],
		...["dock0-bundle-a", "dock0-bundle-b", "dock0-slot-a", "dock0-slot-b"],
		"dock0-state",
	]);
});

test("qcow2, VHD and gz hold the same disk, and VHD and gz have the same bytes each time", async () => {
	const convert = async (format: "qcow2" | "vhd" | "gz", name: string) => {
		const file = join(temp, name);
		await convertDisk(pristine, file, format, {
			host: "tiny",
			epoch: parts.epoch,
			mode: 0o600,
		});
		return file;
	};
	for (const [format, qemuFormat] of [
		["qcow2", "qcow2"],
		["vhd", "vpc"],
	] as const) {
		const file = await convert(format, `one.${format}`);
		// qemu-img(1): 0 when they are the same
		await run("qemu-img", [
			...["compare", "-f", "raw", "-F", qemuFormat, pristine, file],
		]);
		expect((await stat(file)).mode & 0o777).toBe(0o600);
	}
	// A fixed VHD is the disk and a footer, which counts for nothing when its checksum is wrong.
	const vhd = join(temp, "one.vhd");
	expect((await stat(vhd)).size).toBe(layout.bytes + 512);
	const info = await run("qemu-img", ["info", "-f", "vpc", vhd]);
	expect(info.stdout).toContain(`(${layout.bytes} bytes)`);
	const gz = await convert("gz", "one.gz");
	const unpacked = join(temp, "unpacked.img");
	await run("gzip", ["-dc", gz], { stdoutFile: unpacked });
	expect(await sha256File(unpacked)).toBe(await sha256File(pristine));
	for (const [format, one] of [
		["vhd", vhd],
		["gz", gz],
	] as const) {
		const again = await convert(format, `again.${format}`);
		expect(await sha256File(again)).toBe(await sha256File(one));
	}
});

test.each([
	["bios", "virtio-blk", virtioDisk],
	["bios", "virtio-scsi", scsiDisk],
	["efi", "virtio-blk", virtioDisk],
	["efi", "virtio-scsi", scsiDisk],
] as const)("boots by %s from %s", async (firmware, bus, device) => {
	const file = await disk(`${firmware}-${bus}`);
	const guest = await boot(device(file), firmware);
	await guest.waitFor(/dock0: starting slot a, tiny 1\.0\n/);
	const facts = factsOf(await guest.ended(240));
	const [slot] = layout.slots;
	expect(facts["info.root"]).toBe(`PARTUUID=${slot?.uuid}`);
	expect(facts["info.state"]).toBe(`PARTUUID=${layout.state.uuid}`);
	expect(facts.cmdline?.split(" ").slice(1)).toEqual([
		...parts.release.cmdline.split(" "),
		"dock0.slot=a",
		`dock0.root=PARTUUID=${slot?.uuid}`,
		`dock0.state=PARTUUID=${layout.state.uuid}`,
	]);
	await rm(file);
});

test("a trial is counted down on the disk before it starts; when it is used up, the good slot starts", async () => {
	const layer = join(temp, "layer.squashfs");
	await makeLayer(join(temp, "layer"), { order: "bundle" });
	await squash(join(temp, "layer"), layer);
	const bundle = layout.partitions[3];
	const file = await disk(
		"trial",
		{
			dock0_try: "b",
			dock0_tries: "1",
			dock0_bundle: "a",
			dock0_bundle_hash: await sha256File(layer),
			dock0_bundle_size: String((await stat(layer)).size),
		},
		async (write) => {
			await fillSlotB(write);
			await write(await readFile(layer), bundle?.start ?? 0);
		},
	);
	const first = await boot(scsiDisk(file), "efi");
	const onTrial = factsOf(await first.ended(240));
	expect(onTrial.cmdline).toMatch(/ dock0\.slot=b .* dock0\.trial( |$)/);
	expect(onTrial["info.root"]).toBe(`PARTUUID=${layout.slots[1]?.uuid}`);
	expect(onTrial["file./etc/order"]).toBe("bundle");
	expect(await environmentOf(file)).toMatchObject({
		dock0_good: "a",
		dock0_try: "b",
		dock0_tries: "0",
		dock0_failed: "",
	});

	const second = await boot(virtioDisk(file), "bios");
	const fallenBack = factsOf(await second.ended(240));
	expect(fallenBack.cmdline).toMatch(/ dock0\.slot=a .* dock0\.failed=b( |$)/);
	expect(fallenBack.cmdline).not.toContain("dock0.trial");
	expect(await environmentOf(file)).toMatchObject({
		dock0_good: "a",
		dock0_try: "",
		dock0_failed: "b",
	});
	await rm(file);
});

test("a trial whose kernel cannot be loaded has failed at once", async () => {
	const file = await disk(
		"broken",
		{ dock0_try: "b", dock0_tries: "3" },
		async (write) => {
			await fillSlotB(write);
			const broken = planSlot(sizes).kernelAt;
			await write(
				new Uint8Array(65_536),
				(layout.slots[1]?.start ?? 0) + broken,
			);
		},
	);
	const guest = await boot(virtioDisk(file));
	await guest.waitFor(/dock0: slot b cannot be started/);
	await guest.waitFor(/dock0: starting slot a/);
	guest.kill();
	expect(await environmentOf(file)).toMatchObject({
		dock0_try: "",
		dock0_failed: "b",
	});
	await rm(file);
});

test("an empty good slot, or a trial of an empty one, falls to a slot that holds something", async () => {
	const torn = Buffer.from(headerFor(1));
	torn.fill("\n", torn.indexOf("set dock0_end"));
	const file = await disk(
		"empty",
		{ dock0_good: "a", dock0_try: "c", dock0_tries: "2" },
		async (write) => {
			await fillSlotB(write);
			await write(torn, layout.boot.start + headerOffset(1));
		},
	);
	const guest = await boot(virtioDisk(file));
	await guest.waitFor(/dock0: starting slot b/);
	guest.kill();
	await rm(file);
});

test("with two such disks, GRUB reads and writes the one that it was started from", async () => {
	const trial = { dock0_try: "b", dock0_tries: "2" };
	const other = await disk("other", trial, fillSlotB);
	const started = await disk("started", trial, fillSlotB);
	const guest = await boot([
		...["-drive", `file=${other},format=raw,if=none,id=other`],
		...["-device", "virtio-blk-pci,drive=other,bootindex=2"],
		...["-drive", `file=${started},format=raw,if=none,id=started`],
		...["-device", "virtio-blk-pci,drive=started,bootindex=1"],
	]);
	await guest.waitFor(/dock0: starting slot b/);
	guest.kill();
	expect((await environmentOf(started)).dock0_tries).toBe("1");
	expect((await environmentOf(other)).dock0_tries).toBe("2");
	await rm(other);
	await rm(started);
});

test("Secure Boot starts a signed disk, and not an unsigned one", async () => {
	const key = join(temp, "test.key");
	await run("openssl", [
		...["rsa", "-in", "/usr/share/ovmf/PkKek-1-snakeoil.key"],
		...["-passin", "pass:snakeoil", "-out", key],
	]);
	const signed = join(temp, "signed.img");
	await writeRawDisk(signed, {
		...parts,
		settings: diskSettings({
			secureBoot: { key, certificate: "/usr/share/ovmf/PkKek-1-snakeoil.pem" },
		}),
	});
	const guest = await boot(virtioDisk(signed), "secure");
	await guest.waitFor(/dock0: starting slot a/);
	// The first line of the initramfs: the kernel has started.
	await guest.waitFor(/dock0: initramfs \S+ start/);
	guest.kill();
	const refused = await boot(virtioDisk(pristine), "secure");
	await refused.waitFor(
		/(Access Denied|Security Violation|No bootable option)/,
	);
	refused.kill();
	expect(refused.output()).not.toContain("dock0:");
});

function headerFor(slot: number): Uint8Array {
	const { kernelAt, initramfsAt } = planSlot(sizes);
	return encodeSlotHeader(slot, {
		...parts.release,
		kernel: [kernelAt / 512, Math.ceil(sizes.kernel / 512)],
		initrd: [initramfsAt / 512, Math.ceil(sizes.initramfs / 512)],
	});
}

/** Puts the release into slot b too. */
async function fillSlotB(write: Write): Promise<void> {
	const [a, b] = layout.slots;
	if (!a || !b) throw new Error("two slots are there");
	const used = planSlot(sizes).bytes;
	await write(await bytesOf(pristine, a.start, used), b.start);
	await write(headerFor(2), layout.boot.start + headerOffset(2));
}
