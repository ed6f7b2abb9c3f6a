import { link, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../system/process.ts";
import { makeEsp } from "../disk/esp.ts";
import { serialLines } from "../disk/grub-config.ts";
import { deriveVolumeId } from "../disk/guid.ts";
import type { DiskSettings } from "../disk/schema.ts";
import { signEfiProgram } from "../disk/secure-boot.ts";
import { mebibyte } from "../disk/size.ts";
import { memoryArchiveName } from "./memory-archive.ts";

/** The script in the GRUB of a CD: it starts the release whose manifest has that hash. */
export function isoGrubConfig(options: {
	title: string;
	/** SHA-256 of manifest.json, hex. */
	release: string;
	parameters: readonly string[];
	settings: Pick<DiskSettings, "menuSeconds" | "serial">;
}): string {
	const { title, release, parameters, settings } = options;
	const words = parameters.map((word) => `'${word}'`).join(" ");
	return `${[
		"# Made by dock0; docs/disk.md says what it does.",
		...serialLines(settings.serial),
		`search --no-floppy --file --set=root /dock0/${markName(release)}`,
		`menuentry '${title}' {`,
		`	echo 'dock0: reading ${title} into memory'`,
		`	linux /dock0/vmlinuz ${words}`,
		`	initrd /dock0/initramfs /dock0/${memoryArchiveName}`,
		"}",
		`set timeout=${settings.menuSeconds}`,
	].join("\n")}\n`;
}

/** An empty file, by which GRUB tells its CD from others. */
function markName(release: string): string {
	return `release-${release.slice(0, 16)}`;
}

/**
 * Writes an ISO 9660 image that boots by BIOS and UEFI, from CD as well as from a USB stick: El Torito
 * entries for both, GRUB's hybrid MBR, and an EFI system partition appended.
 * @param options.files kernel, initramfs and archive by name.
 * @param options.work a folder on the file system of `files`, for what is needed meanwhile.
 */
export async function writeIso(
	file: string,
	options: {
		host: string;
		release: string;
		files: Readonly<Record<string, string>>;
		/** What `isoGrubStep` makes. */
		grub: string;
		settings: Pick<DiskSettings, "secureBoot">;
		epoch: number;
		work: string;
		signal?: AbortSignal | undefined;
	},
): Promise<void> {
	const { grub, epoch, work, signal, host } = options;
	const tree = join(work, "iso");
	await mkdir(join(tree, "dock0"), { recursive: true });
	await mkdir(join(tree, "boot"));
	for (const [name, source] of Object.entries(options.files))
		await link(source, join(tree, "dock0", name));
	await writeFile(join(tree, "dock0", markName(options.release)), "");
	await run("cp", [
		join(grub, "eltorito.img"),
		join(tree, "boot", "eltorito.img"),
	]);
	let program = join(grub, "grub.efi");
	if (options.settings.secureBoot) {
		const signed = join(work, "iso.efi");
		await signEfiProgram(program, signed, options.settings.secureBoot, signal);
		program = signed;
	}
	const esp = join(work, "iso.esp");
	await makeEsp({
		program,
		file: esp,
		// El Torito counts at most 65535 sectors of 512 bytes.
		bytes: 8 * mebibyte,
		fat: 16,
		volumeId: deriveVolumeId(host, "iso"),
		epoch,
		signal,
	});
	await run(
		"xorriso",
		[
			...["-as", "mkisofs", "-quiet", "-o", file],
			...["--set_all_file_dates", `=${epoch}`],
			...["-V", "DOCK0", "-R", "-uid", "0", "-gid", "0"],
			...["-b", "boot/eltorito.img", "-no-emul-boot", "-boot-load-size", "4"],
			...["-boot-info-table", "--grub2-boot-info"],
			...["--grub2-mbr", join(grub, "boot_hybrid.img")],
			...["-append_partition", "2", "0xef", esp, "-appended_part_as_gpt"],
			...["-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::"],
			...["-no-emul-boot", tree],
		],
		{ env: { SOURCE_DATE_EPOCH: String(epoch), TZ: "UTC" }, signal },
	);
	await rm(tree, { recursive: true });
	await rm(esp);
}
