/** GRUB's include/grub/i386/pc/boot.h and util/setup.c, of versions 2.02 to 2.12. */
const offsets = {
	/** boot.img: sector of the core image's first sector, 8 bytes. */
	kernelSector: 0x5c,
	/** boot.img: drive to read from, 0xff: the one that the BIOS started. */
	bootDrive: 0x64,
	/** boot.img: a jump that guards against a BIOS that gives a wrong drive; grub-bios-setup takes it out for hard disks. */
	driveCheck: 0x66,
	/** MBR: disk signature and partition entries, up to 0x1fe. */
	diskSignature: 0x1b8,
	bootSignature: 0x1fe,
	/** core.img, end of its first sector: first sector (8 bytes), sectors (2), segment (2) of the rest. */
	blockList: 0x1f4,
} as const;

const sector = 512;
/** GRUB_BOOT_MACHINE_KERNEL_SEG, one sector further: where core.img's second sector is read to. */
const coreSegment = 0x820;

/**
 * The disk's first sector: GRUB's boot.img around the partition entries that are there.
 * @param mbr what sfdisk has written.
 * @param coreSector where the core image begins.
 */
export function bootSector(
	bootImage: Uint8Array,
	mbr: Uint8Array,
	coreSector: number,
): Uint8Array {
	if (bootImage.length !== sector || mbr.length !== sector)
		throw new Error("boot.img and an MBR are 512 bytes each");
	const result = Buffer.from(bootImage);
	result.set(
		mbr.subarray(offsets.diskSignature, offsets.bootSignature),
		offsets.diskSignature,
	);
	result.writeBigUInt64LE(BigInt(coreSector), offsets.kernelSector);
	result[offsets.bootDrive] = 0xff;
	result.set([0x90, 0x90], offsets.driveCheck);
	return result;
}

/**
 * GRUB's core.img for a place on the disk: its first sector reads the rest, which follows it.
 * @throws Error when it is larger than `room` bytes.
 */
export function placedCore(
	core: Uint8Array,
	coreSector: number,
	room: number,
): Uint8Array {
	const sectors = Math.ceil(core.length / sector);
	if (sectors * sector > room)
		throw new Error(`GRUB's core image has ${core.length} bytes`);
	const result = Buffer.alloc(sectors * sector);
	result.set(core);
	result.writeBigUInt64LE(BigInt(coreSector + 1), offsets.blockList);
	result.writeUInt16LE(sectors - 1, offsets.blockList + 8);
	result.writeUInt16LE(coreSegment, offsets.blockList + 10);
	return result;
}
