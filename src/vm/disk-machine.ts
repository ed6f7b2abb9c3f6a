import {
	access,
	mkdir,
	realpath,
	rename,
	rm,
	writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import { run } from "../system/process.ts";
import { machineSettings, stateFolder } from "./machine-settings.ts";
import type { Accelerator, Machine } from "./qemu.ts";
import type { VmSettings } from "./schema.ts";

export interface DiskMachineOptions {
	/** A raw disk image. */
	file: string;
	settings: VmSettings;
	/** Names the files that belong to this VM alone. */
	name: string;
	/** The guest writes to a copy, made at the first such boot and used by later ones; else its writes are lost. */
	keep: boolean;
	/** With `false` the machine ends when the guest reboots. */
	reboot: boolean;
	/** Told of the copy, with `keep`. */
	onDisk?: (disk: { file: string; created: boolean }) => void;
}

/**
 * The machine that starts a disk image by its firmware. The image itself is never written to.
 * @throws ExpectedError (exit code 1) when the image is missing.
 */
export async function diskMachine(
	options: DiskMachineOptions,
	accelerator: Accelerator,
): Promise<Machine> {
	const { name, keep } = options;
	const image = await realpath(options.file).catch((error: unknown) => {
		throw new ExpectedError(
			{
				code: "DISK_MISSING",
				message: `there is no disk image ${options.file}`,
				hint: "make it first: dock0 disk --format raw",
			},
			{ exitCode: 1, cause: error },
		);
	});
	const copy = join(stateFolder(), `${name}.disk.qcow2`);
	if (keep)
		options.onDisk?.({ file: copy, created: await copyOnce(image, copy) });
	return {
		drives: [
			keep
				? { file: copy, format: "qcow2", serial: "dock0-disk" }
				: { file: image, format: "raw", serial: "dock0-disk", throwAway: true },
		],
		...(await machineSettings(options, accelerator)),
	};
}

/** A copy and no overlay: a new build puts another image in the place of the old one. Answers whether it made one. */
async function copyOnce(image: string, copy: string): Promise<boolean> {
	if (
		await access(copy).then(
			() => true,
			() => false,
		)
	)
		return false;
	await mkdir(dirname(copy), { recursive: true });
	const temporary = `${copy}.tmp-${process.pid}`;
	try {
		// The host's state, which nobody else may read.
		await writeFile(temporary, "", { mode: 0o600 });
		await run("qemu-img", [
			...["convert", "-q", "-f", "raw", "-O", "qcow2"],
			...[image, temporary],
		]);
		await rename(temporary, copy);
		return true;
	} finally {
		await rm(temporary, { force: true });
	}
}
