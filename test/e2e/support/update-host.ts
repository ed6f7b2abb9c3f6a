import { createHash } from "node:crypto";
import { copyFile, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { grubStep } from "../../../src/image/disk/grub-step.ts";
import type { DiskLayout } from "../../../src/image/disk/layout.ts";
import type { DiskSettings } from "../../../src/image/disk/schema.ts";
import { writeRawDisk } from "../../../src/image/disk/write-disk.ts";
import { readRelease } from "../../../src/release/folder.ts";
import type { KeyFiles } from "../../../src/release/keys.ts";
import { writeSignedManifest } from "../../../src/release/update-agent.fixture.ts";
import { sha256File } from "../../../src/system/files.ts";
import { run } from "../../../src/system/process.ts";
import { chooseAccelerator } from "../../../src/vm/accelerator.ts";
import { bootVm } from "../../../src/vm/boot.ts";
import type { RunningVm } from "../../../src/vm/running-vm.ts";
import { debianKernel } from "./debian-kernel.ts";
import { type GuestShell, guestShell } from "./guest.ts";
import { makeInitramfs } from "./initramfs.ts";
import { diskSettings, makeStep } from "./tiny-disk.ts";
import { makeUpdateRoot, type UpdateRootOptions } from "./update-root.ts";

const settings = diskSettings({ stateSize: "32M" });

export interface SmallRelease extends UpdateRootOptions {
	/** Default `small`. */
	name?: string;
	key: KeyFiles;
}

/** Makes signed releases of small roots, and disks of them, in a folder. */
export interface Workshop {
	/** Returns the release's folder. */
	release(options: SmallRelease): Promise<string>;
	/** Writes a disk with that release in slot a, and a state file system. */
	disk(file: string, release: string): Promise<DiskLayout>;
	/** A read-only disk with these folders in it, by name: where the guest finds releases. */
	media(file: string, folders: Readonly<Record<string, string>>): Promise<void>;
}

/** @param folder exists; everything is made in it. */
export async function workshop(folder: string): Promise<Workshop> {
	const kernel = await debianKernel();
	const initramfs = join(folder, "initramfs");
	await makeInitramfs(initramfs, kernel);
	let count = 0;
	return {
		async release(options) {
			count += 1;
			const tree = join(folder, `tree-${count}`);
			const release = join(folder, `release-${count}`);
			await mkdir(tree);
			await mkdir(release);
			await makeUpdateRoot(tree, options);
			await run("mksquashfs", [
				...[tree, join(release, "root.squashfs"), "-noappend"],
				...["-no-progress", "-all-root", "-comp", "zstd"],
				...["-Xcompression-level", "3"],
			]);
			await rm(tree, { recursive: true });
			await copyFile(kernel.image, join(release, "vmlinuz"));
			await copyFile(initramfs, join(release, "initramfs"));
			await writeManifest(release, options);
			return release;
		},
		disk: (file, release) => writeHostDisk({ folder, file, release, settings }),
		media: makeMedia,
	};
}

/**
 * Writes a disk image with a release in slot a and a state file system.
 * @param options.folder for what is made on the way.
 */
export async function writeHostDisk(options: {
	folder: string;
	file: string;
	release: string;
	settings: DiskSettings;
}): Promise<DiskLayout> {
	const { folder, file, release, settings } = options;
	const manifest = await readRelease(release);
	const layout = await writeRawDisk(file, {
		release: {
			name: manifest.name,
			version: manifest.version,
			release: await sha256File(join(release, "manifest.json")),
			cmdline: manifest.kernel.cmdline.join(" "),
			root: join(release, manifest.root.file),
			kernel: join(release, "vmlinuz"),
			initramfs: join(release, "initramfs"),
		},
		settings,
		grub: await makeStep(folder, grubStep(settings)),
		epoch: 0,
	});
	await makeStateFileSystem(folder, file, layout.state);
	return layout;
}

/** Writes a read-only disk with release folders in it, by name: where the guest finds them. */
export async function makeMedia(
	file: string,
	folders: Readonly<Record<string, string>>,
): Promise<void> {
	const stage = `${file}.stage`;
	await mkdir(stage);
	for (const [name, source] of Object.entries(folders))
		await run("cp", ["-RL", source, join(stage, name)]);
	await run("mksquashfs", [
		...[stage, file, "-noappend", "-no-progress", "-noD", "-noF"],
	]);
	await rm(stage, { recursive: true });
}

async function writeManifest(
	release: string,
	{ name = "small", version, key }: SmallRelease,
): Promise<void> {
	const names = ["vmlinuz", "initramfs", "root.squashfs"];
	const files = await Promise.all(
		names.map(async (file) => [
			file,
			{
				bytes: (await stat(join(release, file))).size,
				sha256: await sha256File(join(release, file)),
			},
		]),
	);
	await writeSignedManifest(release, key, {
		format: 1,
		name,
		version,
		kernel: {
			version: "of the tests",
			// On a busy machine the timer that the kernel checks at its start comes too late.
			cmdline: ["console=ttyS0", "quiet", "panic=1", "no_timer_check"],
		},
		root: { file: "root.squashfs", type: "squashfs" },
		files: Object.fromEntries(files),
		packages: [],
	});
}

async function makeStateFileSystem(
	folder: string,
	disk: string,
	place: { start: number; bytes: number },
): Promise<void> {
	const image = join(folder, "state.ext4");
	await writeFile(image, "");
	await run("truncate", ["-s", String(place.bytes), image]);
	await run("mkfs.ext4", ["-q", "-F", "-L", "dock0-state", image]);
	await run("dd", [
		...[`if=${image}`, `of=${disk}`, "bs=1M", "conv=notrunc,sparse"],
		...[`seek=${place.start / 1024 / 1024}`, "status=none"],
	]);
	await rm(image);
}

/** Boots a disk by BIOS, with `media` as /dev/vdb. `log`: where all writes to the disk are recorded (block-log.ts). */
export async function bootDisk(options: {
	name: string;
	disk: string;
	media?: string;
	log?: string;
	/** The record of an earlier start goes on. */
	appendLog?: boolean;
	/** With `true` a reboot does not end the machine. */
	reboot?: boolean;
	/** MiB, default 512. */
	memory?: number;
	extraArgs?: readonly string[];
}): Promise<RunningVm> {
	const { name, disk, media, log } = options;
	const { accelerator } = await chooseAccelerator("auto");
	const recorded = log
		? [
				...["-blockdev", `driver=file,filename=${disk},node-name=file0`],
				...["-blockdev", `driver=file,filename=${log},node-name=log0`],
				"-blockdev",
				`driver=blklogwrites,file=file0,log=log0,node-name=disk0,${options.appendLog ? "log-append=on" : "log-sector-size=512"}`,
			]
		: ["-blockdev", `driver=file,filename=${disk},node-name=disk0`];
	return bootVm({
		name,
		machine: {
			drives: [],
			memory: options.memory ?? 512,
			cpus: 1,
			// After a reboot the kernel may be unpacked over code that QEMU has translated, which can take minutes.
			reboot: options.reboot ?? false,
			accelerator,
			ports: [],
			extraArgs: [
				...recorded,
				...["-device", "virtio-blk-pci,drive=disk0,bootindex=1"],
				...(media
					? [
							"-drive",
							`if=none,id=media,format=raw,readonly=on,file=${media}`,
							// An own device: QEMU would add one of `if=virtio` after all others.
							...["-device", "virtio-blk-pci,drive=media"],
						]
					: []),
				...(options.extraArgs ?? []),
			],
		},
	});
}

/** A booted host, with what it said about itself. */
export interface BootedHost {
	vm: RunningVm;
	guest: GuestShell;
	version: string;
	trial: boolean;
	/** Of its database, which is whole. */
	rows: number;
}

/** Reads what the host says at its start (support/update-root.ts), gives its shell, and mounts the media at /run/media. */
export async function greetHost(vm: RunningVm): Promise<BootedHost> {
	const wait = { timeoutSeconds: 400 };
	const said = await vm.console.waitFor(
		/VERSION (\S+) *(dock0\.trial)? END/,
		wait,
	);
	const rows = await vm.console.waitFor(/ROWS (\d*) (.*) END/, wait);
	if (rows[2] !== "ok") throw new Error(`the database is broken: ${rows[0]}`);
	const guest = await guestShell(vm, 200);
	await guest.get("mkdir -p /run/media; mount -o ro /dev/vdb /run/media", 120);
	return {
		vm,
		guest,
		version: said[1] ?? "",
		trial: said[2] !== undefined,
		rows: Number(rows[1]),
	};
}

/** A repeatable source of chance: numbers from 0 to under 1 by SHA-256 of seed and count. */
export function chance(seed: string): () => number {
	let count = 0;
	return () => {
		count += 1;
		const hash = createHash("sha256").update(`${seed} ${count}`).digest();
		return hash.readUInt32BE(0) / 2 ** 32;
	};
}
