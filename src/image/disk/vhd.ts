import { deriveGuid } from "./guid.ts";

/** Microsoft's "Virtual Hard Disk Image Format Specification", 1.0: "Hard Disk Footer Format". */
const offsets = { timeStamp: 24, checksum: 64, uniqueId: 68 } as const;
export const vhdFooterBytes = 512;

/** Time stamps of a VHD count seconds from 2000-01-01 00:00 UTC. */
const vhdEpoch = 946_684_800;

/**
 * The footer of a VHD with a time and an ID that depend on nothing but the inputs.
 * @param epoch seconds since 1970.
 * @throws Error when `footer` is none.
 */
export function finishVhd(
	footer: Uint8Array,
	host: string,
	epoch: number,
): Uint8Array {
	const result = Buffer.from(footer);
	if (result.toString("latin1", 0, 8) !== "conectix")
		throw new Error("qemu-img wrote no VHD footer");
	result.writeUInt32BE(Math.max(0, epoch - vhdEpoch), offsets.timeStamp);
	const id = deriveGuid(host, "vhd").replaceAll("-", "");
	result.write(id, offsets.uniqueId, "hex");
	result.writeUInt32BE(0, offsets.checksum);
	const sum = result.reduce((total, byte) => total + byte, 0);
	result.writeUInt32BE(~sum >>> 0, offsets.checksum);
	return result;
}
