import { open } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../system/process.ts";

/**
 * Makes an EFI system partition in a file: FAT with one program, `EFI/BOOT/BOOTX64.EFI`, which
 * firmware starts without being told (UEFI 2.10, 3.5.1.1).
 * @param options.bytes its size.
 * @param options.volumeId 8 hexadecimal digits.
 * @param options.epoch seconds since 1970, for every time stamp in it.
 */
export async function makeEsp(options: {
	program: string;
	file: string;
	bytes: number;
	/** Bits of the FAT; 16 for what is smaller than 33 MiB. */
	fat: 16 | 32;
	volumeId: string;
	epoch: number;
	signal?: AbortSignal | undefined;
}): Promise<void> {
	const { program, file, bytes, fat, volumeId, epoch, signal } = options;
	const handle = await open(file, "wx");
	await handle.truncate(bytes);
	await handle.close();
	// Both read SOURCE_DATE_EPOCH (reproducible-builds.org); mtools write local time.
	const env = { SOURCE_DATE_EPOCH: String(epoch), TZ: "UTC" };
	await run(
		"mkfs.vfat",
		[
			...["--invariant", "-F", String(fat), "-s", "1"],
			...["-i", volumeId, "-n", "DOCK0-ESP", file],
		],
		{ env, signal },
	);
	for (const folder of ["EFI", "EFI/BOOT"])
		await run("mmd", ["-i", file, `::/${folder}`], { env, signal });
	await run(
		"mcopy",
		["-i", file, program, `::/${join("EFI", "BOOT", "BOOTX64.EFI")}`],
		{ env, signal },
	);
}
