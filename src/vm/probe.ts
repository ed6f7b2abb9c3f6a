import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runtimeDir } from "../system/environment.ts";
import { start } from "../system/process.ts";
import { debugExitPort, probeExitCode, probeSector } from "./boot-sector.ts";
import { type Accelerator, accelerationArguments } from "./qemu.ts";
import { openQmp } from "./qmp.ts";

/** A guest that runs needs some hundredths of a second under KVM, and about one emulated on a busy machine. */
const guestSeconds = 3;

/** QEMU itself, before the guest's first instruction, may be slow to load on a busy machine. */
const startSeconds = 20;

/**
 * Boots a guest whose only act is to end QEMU with a certain exit code. Answers whether that happened
 * within `seconds` of letting it go; QEMU is killed otherwise.
 */
export async function guestRuns(
	accelerator: Accelerator,
	seconds: number = guestSeconds,
): Promise<boolean> {
	const folder = await mkdtemp(join(runtimeDir(), "dock0-probe-"));
	try {
		const sector = join(folder, "sector");
		await writeFile(sector, probeSector());
		const child = start("qemu-system-x86_64", [
			...["-nodefaults", "-no-user-config", "-display", "none", "-S"],
			...["-machine", "pc", "-m", "32"],
			...accelerationArguments(accelerator),
			...["-device", `isa-debug-exit,iobase=${debugExitPort},iosize=4`],
			// SeaBIOS does not start virtio disks as small as one sector; a floppy it does.
			...["-drive", `if=floppy,format=raw,readonly=on,file=${sector}`],
			...["-chardev", "stdio,id=monitor,signal=off"],
			...["-mon", "chardev=monitor,mode=control"],
		]);
		let limit = setTimeout(child.kill, startSeconds * 1000, "SIGKILL");
		try {
			child.stderr.resume();
			const monitor = await openQmp(child.stdout, child.stdin);
			clearTimeout(limit);
			limit = setTimeout(child.kill, seconds * 1000, "SIGKILL");
			// The guest may be done before QEMU has answered.
			monitor.execute("cont").catch(() => undefined);
			return (await child.done).exitCode === probeExitCode;
		} catch {
			// QEMU ended before it spoke: this accelerator is not for us
			child.kill("SIGKILL");
			await child.done;
			return false;
		} finally {
			clearTimeout(limit);
		}
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
