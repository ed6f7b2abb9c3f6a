import { sha256 } from "../../system/files.ts";

/**
 * A GUID that depends on nothing but the host's name and what it is for, so that equal inputs give equal
 * disks. Version 8 (custom) and the variant are set as RFC 9562, 5.8, wants it. Lower case.
 */
export function deriveGuid(host: string, purpose: string): string {
	const hex = derived(host, purpose);
	const variant = ((Number.parseInt(hex[16] ?? "0", 16) & 3) | 8).toString(16);
	return [
		hex.slice(0, 8),
		hex.slice(8, 12),
		`8${hex.slice(13, 16)}`,
		`${variant}${hex.slice(17, 20)}`,
		hex.slice(20, 32),
	].join("-");
}

/** A FAT volume number made the same way: 8 hexadecimal digits. */
export function deriveVolumeId(host: string, purpose: string): string {
	return derived(host, purpose).slice(0, 8);
}

function derived(host: string, purpose: string): string {
	return sha256(`dock0 disk\n${host}\n${purpose}\n`);
}
