import { randomUUID } from "node:crypto";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { type RunningProcess, start } from "../../../src/system/process.ts";
import { efiFirmware } from "../../../src/vm/firmware.ts";
import { accelerationArguments } from "../../../src/vm/qemu.ts";

/** A QEMU guest started straight from a kernel and an initramfs, with its serial console in our hands. */
export interface DirectGuest {
	/** All console output so far, carriage returns removed. */
	output(): string;
	/**
	 * Resolves with the match once the console output, from the end of the last match on, has one.
	 * Rejects, with the output, when the guest ends or `seconds` pass before.
	 */
	waitFor(pattern: RegExp, seconds?: number): Promise<RegExpExecArray>;
	/** Types on the serial console. */
	type(text: string): void;
	/** Resolves with all output when QEMU has ended by itself; rejects after `seconds`. */
	ended(seconds?: number): Promise<string>;
	kill(): void;
}

/**
 * Boots without KVM (so that it runs anywhere); a reboot of the guest ends QEMU.
 * @param options.append kernel parameters; the console is ttyS0 already.
 * @param options.devices QEMU arguments for drives; see `virtioDisk` and `scsiDisk`.
 */
export function bootDirect(options: {
	kernel: string;
	initramfs: string;
	append: string;
	devices?: readonly string[];
	memoryMiB?: number;
}): DirectGuest {
	const child = start("qemu-system-x86_64", [
		...accelerationArguments("tcg"),
		...["-smp", "2"],
		...["-m", String(options.memoryMiB ?? 512), "-no-reboot"],
		...["-display", "none", "-monitor", "none", "-serial", "stdio"],
		...["-nodefaults", "-kernel", options.kernel],
		...["-initrd", options.initramfs],
		...["-append", `console=ttyS0 quiet panic=-1 ${options.append}`],
		...(options.devices ?? []),
	]);
	return watch(child);
}

/**
 * Boots from the first of `devices` by the firmware, likewise.
 * @param options.firmware `secure`: UEFI with Secure Boot and the test key of Debian's package ovmf.
 * @param options.folder for the EFI firmware's variables.
 */
export async function bootDisk(options: {
	devices: readonly string[];
	firmware: "bios" | "efi" | "secure";
	folder: string;
	memoryMiB?: number;
}): Promise<DirectGuest> {
	const { devices, firmware, folder } = options;
	const efi: string[] = [];
	if (firmware === "efi") {
		const variables = join(folder, `efi-${randomUUID()}.fd`);
		const { code } = await efiFirmware(variables);
		efi.push(
			...["-drive", `if=pflash,unit=0,format=raw,readonly=on,file=${code}`],
			...["-drive", `if=pflash,unit=1,format=raw,file=${variables}`],
		);
	}
	if (firmware === "secure") {
		const variables = join(folder, `secure-${randomUUID()}.fd`);
		await copyFile("/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd", variables);
		const code = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd";
		efi.push(
			...["-global", "driver=cfi.pflash01,property=secure,value=on"],
			...["-drive", `if=pflash,unit=0,format=raw,readonly=on,file=${code}`],
			...["-drive", `if=pflash,unit=1,format=raw,file=${variables}`],
		);
	}
	const child = start("qemu-system-x86_64", [
		...["-machine", "q35,smm=on"],
		...accelerationArguments("tcg"),
		...["-smp", "2", "-m", String(options.memoryMiB ?? 512), "-no-reboot"],
		...["-display", "none", "-monitor", "none", "-serial", "stdio"],
		...["-nodefaults", ...efi, ...devices],
	]);
	return watch(child);
}

/** A virtio-blk disk: vda, vdb and so on in the order given. */
export function virtioDisk(file: string): string[] {
	return ["-drive", `file=${file},format=raw,if=virtio`];
}

/** A SCSI disk on a virtio-scsi controller (only one such may be given): sda. */
export function scsiDisk(file: string): string[] {
	return [
		...["-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=scsi0"],
		...["-drive", `file=${file},format=raw,if=none,id=scsi0`],
	];
}

function watch(child: RunningProcess): DirectGuest {
	let output = "";
	let matchedTo = 0;
	const listeners = new Set<() => void>();
	const changed = (): void => {
		for (const listener of listeners) listener();
	};
	child.stdout.setEncoding("utf8");
	child.stderr.setEncoding("utf8");
	for (const stream of [child.stdout, child.stderr])
		stream.on("data", (chunk: string) => {
			output += chunk.replaceAll("\r", "");
			changed();
		});
	let over = false;
	void child.done.then(() => {
		over = true;
		changed();
	});
	/** Settles as soon as `check` answers something. */
	const until = <Found>(
		what: string,
		seconds: number,
		check: () => Found | undefined,
	): Promise<Found> =>
		new Promise((resolve, reject) => {
			const look = (): void => {
				const found = check();
				if (found !== undefined) settle(() => resolve(found));
				else if (over)
					settle(() =>
						reject(new Error(`the guest ended before ${what}:\n${output}`)),
					);
			};
			const timer = setTimeout(
				() =>
					settle(() => {
						child.kill();
						reject(new Error(`no ${what} within ${seconds} s:\n${output}`));
					}),
				seconds * 1000,
			);
			const settle = (finish: () => void): void => {
				clearTimeout(timer);
				listeners.delete(look);
				finish();
			};
			listeners.add(look);
			look();
		});
	return {
		output: () => output,
		waitFor: (pattern, seconds = 120) =>
			until(String(pattern), seconds, () => {
				const match = pattern.exec(output.slice(matchedTo));
				if (!match) return undefined;
				matchedTo += match.index + match[0].length;
				return match;
			}),
		type: (text) => child.stdin.write(text),
		ended: (seconds = 120) =>
			until("end", seconds, () => (over ? output : undefined)),
		kill: () => child.kill(),
	};
}
