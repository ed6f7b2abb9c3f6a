import { stepFailure } from "../system/errors.ts";
import type { RunCommand } from "./run-command.ts";

/** What the init calls of busybox; the rescue shell gets all that the binary has. */
export const neededApplets: readonly string[] = [
	"blockdev",
	"cat",
	"chmod",
	"chown",
	"cp",
	"dd",
	"df",
	"dmesg",
	"echo",
	"grep",
	"gzip",
	"head",
	"hexdump",
	"insmod",
	"ln",
	"losetup",
	"ls",
	"mkdir",
	"mount",
	"mv",
	"poweroff",
	"printf",
	"readlink",
	"reboot",
	"rm",
	"rmdir",
	"sed",
	"setsid",
	"sh",
	"sha256sum",
	"sleep",
	"stat",
	"stty",
	"switch_root",
	"sync",
	"tail",
	"tr",
	"umount",
];

/**
 * Asks a busybox for its applets.
 * @param busybox path of a binary that runs on this machine.
 * @param needed what has to be among them; default: what the init calls.
 * @returns every applet's name, sorted.
 * @throws ExpectedError (exit code 1) naming the applets that the init needs and the binary lacks.
 */
export async function listApplets(
	busybox: string,
	run: RunCommand,
	needed: readonly string[] = neededApplets,
): Promise<string[]> {
	const { stdout } = await run(busybox, ["--list"]);
	const applets = stdout
		.split("\n")
		.map((line) => line.trim())
		.filter((name) => name !== "" && name !== "busybox")
		.sort();
	const known = new Set(applets);
	const missing = needed.filter((name) => !known.has(name));
	if (missing.length > 0)
		throw stepFailure({
			code: "INITRAMFS_BUSYBOX_APPLETS",
			message: `${busybox} lacks applets that the init needs: ${missing.join(", ")}`,
			hint: "use a busybox built with its default configuration, e.g. Debian's busybox-static",
		});
	return applets;
}
