import { type FileHandle, open, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { sha256File, writeAt } from "../../system/files.ts";
import { run } from "../../system/process.ts";
import { bootSector, placedCore } from "./bios-boot.ts";
import { encodeEnvBlock, type SwitchVariables } from "./env-block.ts";
import { makeEsp } from "./esp.ts";
import { deriveVolumeId } from "./guid.ts";
import {
	type DiskLayout,
	planDisk,
	planSlot,
	sfdiskScript,
	slotLetter,
} from "./layout.ts";
import type { DiskSettings } from "./schema.ts";
import { signEfiProgram } from "./secure-boot.ts";
import {
	emptyHeader,
	encodeSlotHeader,
	headerOffset,
	type SlotHeader,
} from "./slot-header.ts";
import { tarHeader } from "./tar.ts";

/** What goes into slot a. */
export interface DiskRelease
	extends Pick<SlotHeader, "name" | "version" | "release" | "cmdline"> {
	/** With its hash tree, when it has one. */
	root: string;
	kernel: string;
	initramfs: string;
}

export interface DiskOptions {
	release: DiskRelease;
	/** The host's own files, for bundle partition a. */
	bundle?: string | undefined;
	settings: DiskSettings;
	/** Folder with what `grubStep` makes. */
	grub: string;
	/** Seconds since 1970 for time stamps. */
	epoch: number;
	signal?: AbortSignal | undefined;
}

const sector = 512;

/**
 * Writes a raw disk image: a sparse file that boots by BIOS and EFI. Slot a holds the release and counts
 * as good; the other slots and the state are empty. Equal inputs give equal bytes.
 * @param file must not exist; removed again when this fails.
 * @throws ExpectedError (exit code 2) when the release or the bundle does not fit.
 */
export async function writeRawDisk(
	file: string,
	options: DiskOptions,
): Promise<DiskLayout> {
	const { release, settings, signal, bundle } = options;
	const content = {
		root: (await stat(release.root)).size,
		kernel: (await stat(release.kernel)).size,
		initramfs: (await stat(release.initramfs)).size,
		bundle: bundle === undefined ? 0 : (await stat(bundle)).size,
	};
	const layout = planDisk(release.name, settings, content);
	const slot = planSlot(content);
	const header = encodeSlotHeader(1, {
		...release,
		kernel: inSectors(slot.kernelAt, content.kernel),
		initrd: inSectors(slot.initramfsAt, content.initramfs),
	});
	// A bundle may hold secrets.
	const handle = await open(file, "wx+", bundle === undefined ? 0o644 : 0o600);
	try {
		await handle.truncate(layout.bytes);
		await run("sfdisk", ["--quiet", "--no-tell-kernel", file], {
			input: sfdiskScript(layout),
			signal,
		});
		await writeBiosBoot(handle, layout, options.grub);
		await writeEsp(handle, layout, file, options);
		const variables = await switchOf(bundle, content.bundle);
		await writeBootPartition(handle, layout, variables, header);
		if (bundle !== undefined)
			await copyInto(handle, bundle, layout.bundle.start, signal);
		const [first] = layout.slots;
		if (!first) throw new Error("a disk has slots");
		for (const [source, at] of [
			[release.root, 0],
			[release.kernel, slot.kernelAt],
			[release.initramfs, slot.initramfsAt],
		] as const)
			await copyInto(handle, source, first.start + at, signal);
		await handle.sync();
		return layout;
	} catch (error) {
		await rm(file, { force: true });
		throw error;
	} finally {
		await handle.close();
	}
}

function inSectors(at: number, bytes: number): [number, number] {
	return [at / sector, Math.ceil(bytes / sector)];
}

async function writeBiosBoot(
	disk: FileHandle,
	{ bios }: DiskLayout,
	grub: string,
): Promise<void> {
	const mbr = Buffer.alloc(sector);
	await disk.read(mbr, 0, sector, 0);
	const place = bios.start / sector;
	const bootImage = await readFile(join(grub, "boot.img"));
	const core = await readFile(join(grub, "core.img"));
	await writeAt(disk, bootSector(bootImage, mbr, place), 0);
	await writeAt(disk, placedCore(core, place, bios.bytes), bios.start);
}

async function writeEsp(
	disk: FileHandle,
	{ esp }: DiskLayout,
	file: string,
	options: DiskOptions,
): Promise<void> {
	const { settings, signal, epoch, release } = options;
	const image = `${file}.esp`;
	const signed = `${file}.efi`;
	try {
		let program = join(options.grub, "grub.efi");
		if (settings.secureBoot) {
			await signEfiProgram(program, signed, settings.secureBoot, signal);
			program = signed;
		}
		await makeEsp({
			program,
			file: image,
			bytes: esp.bytes,
			fat: 32,
			volumeId: deriveVolumeId(release.name, esp.name),
			epoch,
			signal,
		});
		await copyInto(disk, image, esp.start, signal);
	} finally {
		await rm(image, { force: true });
		await rm(signed, { force: true });
	}
}

/** Slot a is good, and no trial is under way. */
async function switchOf(
	bundle: string | undefined,
	bytes: number,
): Promise<SwitchVariables> {
	return {
		dock0_good: slotLetter(1),
		dock0_try: "",
		dock0_tries: "0",
		dock0_failed: "",
		dock0_bundle: bundle === undefined ? "" : "a",
		dock0_bundle_hash: bundle === undefined ? "" : await sha256File(bundle),
		dock0_bundle_size: bundle === undefined ? "" : String(bytes),
	};
}

async function writeBootPartition(
	disk: FileHandle,
	{ boot, slots }: DiskLayout,
	variables: SwitchVariables,
	header: Uint8Array,
): Promise<void> {
	const block = encodeEnvBlock(variables);
	await writeAt(disk, tarHeader("grubenv", block.length), boot.start);
	await writeAt(disk, block, boot.start + sector);
	for (const number of slots.keys())
		await writeAt(
			disk,
			number === 0 ? header : emptyHeader(),
			boot.start + headerOffset(number + 1),
		);
}

const zeros = Buffer.alloc(1024 * 1024);

/** Copies a file to a place on the disk; stretches of zeros stay holes. */
async function copyInto(
	disk: FileHandle,
	source: string,
	position: number,
	signal: AbortSignal | undefined,
): Promise<void> {
	const from = await open(source);
	try {
		const buffer = Buffer.alloc(zeros.length);
		for (let at = position; ; ) {
			signal?.throwIfAborted();
			const { bytesRead } = await from.read(buffer, 0, buffer.length, null);
			if (bytesRead === 0) return;
			const chunk = buffer.subarray(0, bytesRead);
			if (!chunk.equals(zeros.subarray(0, bytesRead)))
				await writeAt(disk, chunk, at);
			at += bytesRead;
		}
	} finally {
		await from.close();
	}
}
