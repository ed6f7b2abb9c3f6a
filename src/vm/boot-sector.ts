/** Port of QEMU's `isa-debug-exit` device: writing v ends QEMU with exit code (v << 1) | 1. */
export const debugExitPort = 0xf4;

const probeValue = 0x2a;

/** QEMU's exit code when the guest of `probeSector` really ran. */
export const probeExitCode = (probeValue << 1) | 1;

/**
 * A boot sector for a PC BIOS: 512 bytes ending in 55 AA, loaded at 0x7c00 and entered in real mode.
 * Its whole program ends the machine through `isa-debug-exit`; should that device be missing, it halts.
 */
export function probeSector(): Uint8Array {
	const sector = new Uint8Array(512);
	sector.set([
		...[0xb0, probeValue], // mov al, 0x2a
		...[0xe6, debugExitPort], // out 0xf4, al
		0xfa, // cli
		0xf4, // hlt
		...[0xeb, 0xfd], // jmp to hlt
	]);
	sector.set([0x55, 0xaa], 510);
	return sector;
}
