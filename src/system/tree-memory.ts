import { statSync } from "node:fs";
import { environment } from "./environment.ts";

/** A tree grows while scripts run, and what packs it wants memory too. */
const headroom = 4;

/**
 * How many bytes of memory may hold the tree of an archive while it is worked on; 0 when it should be unpacked on
 * the disk, which takes up to ten times as long: memory is scarce (also by a limit of our control group), or
 * `$DOCK0_TREES` says `disk`.
 * @param archive an uncompressed tar file.
 */
export function memoryForTree(archive: string): number {
	const available = process.availableMemory();
	return environment().env.DOCK0_TREES === "disk" ||
		statSync(archive).size * headroom > available
		? 0
		: Math.floor((available * 3) / 4);
}

/**
 * A function of POSIX sh, `in_memory FOLDER BYTES`: makes the folder, and with a number of bytes mounts so much memory
 * (tmpfs(5)) there, which is given back when the namespace ends.
 */
export const inMemoryScript = [
	"in_memory() {",
	'	mkdir -p -m 755 "$1"',
	'	[ "$2" = 0 ] || mount -t tmpfs -o "size=$2,mode=0755" tmpfs "$1"',
	"}",
].join("\n");
