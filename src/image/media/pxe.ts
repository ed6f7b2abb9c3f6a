import { memoryArchiveName } from "./memory-archive.ts";

/**
 * The scripts beside kernel, initramfs and archive: one for iPXE (ipxe.org/scripting), and a configuration
 * for PXELINUX (wiki.syslinux.org/wiki/index.php?title=Config).
 */
export function pxeScripts(
	parameters: readonly string[],
): Record<"boot.ipxe" | "pxelinux.cfg/default", string> {
	const words = parameters.join(" ");
	return {
		"boot.ipxe": [
			"#!ipxe",
			`kernel vmlinuz initrd=initramfs initrd=${memoryArchiveName} ${words}`,
			"initrd initramfs",
			`initrd ${memoryArchiveName}`,
			"boot",
			"",
		].join("\n"),
		"pxelinux.cfg/default": [
			"DEFAULT dock0",
			"LABEL dock0",
			"  KERNEL vmlinuz",
			`  INITRD initramfs,${memoryArchiveName}`,
			`  APPEND ${words}`,
			"",
		].join("\n"),
	};
}
