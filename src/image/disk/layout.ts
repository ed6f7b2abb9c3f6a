import { ExpectedError } from "../../system/errors.ts";
import { deriveGuid } from "./guid.ts";
import type { DiskSettings } from "./schema.ts";
import { mebibyte, parseSize, roundUp } from "./size.ts";

/** A partition as the table has it; `start` and `bytes` are multiples of 1 MiB. */
export interface Partition {
	/** From 1. */
	number: number;
	name: string;
	/** GUID of its kind. */
	type: string;
	/** GUID of its own. */
	uuid: string;
	start: number;
	bytes: number;
}

export interface DiskLayout {
	/** GUID of the table. */
	uuid: string;
	/** Size of the disk. */
	bytes: number;
	partitions: readonly Partition[];
	bios: Partition;
	esp: Partition;
	boot: Partition;
	/** The first of the two bundle partitions. */
	bundle: Partition;
	/** For slot a, b, … */
	slots: readonly Partition[];
	state: Partition;
}

/** GUIDs of kinds: GRUB's manual "BIOS installation"; UEFI 2.10, table 5-7; Linux file system data. */
const types = {
	biosBoot: "21686148-6449-6e6f-744e-656564454649",
	efiSystem: "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
	linux: "0fc63daf-8483-4772-8e79-3d69d8477de4",
} as const;

/** FAT32 needs 65525 clusters (Microsoft's FAT specification), 512 bytes each, and its tables. */
const espBytes = 36 * mebibyte;

/** Numbers of the partitions that the boot loader's script names. */
export const partitionNumbers = {
	boot: 3,
	bundle: { a: 4, b: 5 },
	firstSlot: 6,
} as const;

/** The letter of slot 1, 2, …: a, b, … */
export function slotLetter(number: number): string {
	return String.fromCharCode(0x60 + number);
}

/** Sizes of what a slot has to hold, in bytes. */
export interface SlotContent {
	root: number;
	kernel: number;
	initramfs: number;
}

/** Sizes of what a new disk has to hold, in bytes. */
export interface DiskContent extends SlotContent {
	/** 0: there is none. */
	bundle?: number;
}

/** Where the parts of a release lie in their slot: bytes from its start. */
export interface SlotPlan {
	kernelAt: number;
	initramfsAt: number;
	/** Of all of it. */
	bytes: number;
}

/** Each part begins at a multiple of this. */
const slotBlock = 4096;

/** Puts the parts of a release one after the other. */
export function planSlot(content: SlotContent): SlotPlan {
	const kernelAt = roundUp(content.root, slotBlock);
	const initramfsAt = roundUp(kernelAt + content.kernel, slotBlock);
	const bytes = roundUp(initramfsAt + content.initramfs, slotBlock);
	return { kernelAt, initramfsAt, bytes };
}

/**
 * The partition table of a host's disk (docs/disk.md).
 * @param host its name, from which all GUIDs are derived.
 * @throws ExpectedError (exit code 2): DISK_SLOT_TOO_SMALL, DISK_BUNDLE_TOO_SMALL, DISK_TOO_SMALL.
 */
export function planDisk(
	host: string,
	settings: DiskSettings,
	content: DiskContent,
): DiskLayout {
	const partitions: Partition[] = [];
	let end = mebibyte;
	const add = (name: string, type: string, bytes: number): Partition => {
		const partition = {
			number: partitions.length + 1,
			name,
			type,
			uuid: deriveGuid(host, name),
			start: end,
			bytes,
		};
		partitions.push(partition);
		end += bytes;
		return partition;
	};
	const bios = add("dock0-bios", types.biosBoot, mebibyte);
	const esp = add("dock0-esp", types.efiSystem, espBytes);
	const boot = add("dock0-boot", types.linux, mebibyte);
	const bundleBytes = parseSize(settings.bundleSize);
	if ((content.bundle ?? 0) > bundleBytes)
		throw new ExpectedError({
			code: "DISK_BUNDLE_TOO_SMALL",
			message: `the host's bundle has ${inMebibytes(content.bundle ?? 0)}, but disk.bundleSize is ${settings.bundleSize}`,
			hint: "raise disk.bundleSize",
		});
	const bundle = add("dock0-bundle-a", types.linux, bundleBytes);
	add("dock0-bundle-b", types.linux, bundleBytes);
	const slotBytes = chooseSlotSize(settings, planSlot(content).bytes);
	const slots = Array.from({ length: settings.slots }, (_, index) =>
		add(`dock0-slot-${slotLetter(index + 1)}`, types.linux, slotBytes),
	);
	const state = add(
		"dock0-state",
		types.linux,
		chooseStateSize(settings, end + mebibyte),
	);
	// The last MiB is for the table's copy (UEFI 2.10, 5.3).
	return {
		uuid: deriveGuid(host, "disk"),
		bytes: end + mebibyte,
		partitions,
		bios,
		esp,
		boot,
		bundle,
		slots,
		state,
	};
}

function chooseSlotSize(settings: DiskSettings, needed: number): number {
	if (settings.slotSize === undefined)
		return Math.max(
			128 * mebibyte,
			roundUp(Math.ceil(needed * 1.5), 64 * mebibyte),
		);
	const bytes = parseSize(settings.slotSize);
	if (needed > bytes)
		throw new ExpectedError({
			code: "DISK_SLOT_TOO_SMALL",
			message: `the release needs ${inMebibytes(needed)} in a slot, but disk.slotSize is ${settings.slotSize}`,
			hint: "raise disk.slotSize, with room for later releases, or remove it",
		});
	return bytes;
}

/** @param others bytes of all that is not state. */
function chooseStateSize(settings: DiskSettings, others: number): number {
	const { size, stateSize } = settings;
	if (size === undefined) return parseSize(stateSize ?? "1G");
	const left = parseSize(size) - others;
	const wanted = stateSize === undefined ? 16 * mebibyte : parseSize(stateSize);
	if (left < wanted)
		throw new ExpectedError({
			code: "DISK_TOO_SMALL",
			message: `disk.size is ${size}, but the disk needs ${inMebibytes(others + wanted)}: ${inMebibytes(others)} for boot loader, bundles and ${settings.slots} slots, ${inMebibytes(wanted)} for state`,
			hint: "raise disk.size, or lower disk.slotSize, disk.bundleSize or disk.stateSize",
		});
	return left;
}

function inMebibytes(bytes: number): string {
	return `${Math.ceil(bytes / mebibyte)} MiB`;
}

/** The table as a script for sfdisk(8). */
export function sfdiskScript(layout: DiskLayout): string {
	const sector = 512;
	return [
		"label: gpt",
		`label-id: ${layout.uuid}`,
		"unit: sectors",
		"first-lba: 2048",
		"",
		...layout.partitions.map(
			({ start, bytes, type, uuid, name }) =>
				`start=${start / sector}, size=${bytes / sector}, type=${type}, uuid=${uuid}, name="${name}"`,
		),
		"",
	].join("\n");
}
