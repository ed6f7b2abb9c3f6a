import {
	copyFile,
	mkdir,
	readFile,
	rm,
	truncate,
	writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/system/process.ts";
import { bootVm } from "../../src/vm/boot.ts";
import type { Drive, Machine } from "../../src/vm/qemu.ts";
import type { RunningVm } from "../../src/vm/running-vm.ts";
import type { FakeConfig, FakeDisk, FakeLinode } from "./account.ts";
import type { DiskSource, VmDriver } from "./driver.ts";

/** What a distribution's disk has in /boot; its grub.cfg starts it with these parameters. */
export interface StockSystem {
	kernel: string;
	initrd: string;
	cmdline: string;
}

export interface QemuDriver extends VmDriver {
	vm(linode: number): RunningVm | undefined;
	/** All console output of every boot, in order. */
	consoles: string[];
}

/**
 * Linodes as QEMU machines whose disks are files. What the profile's kernel means is as with the provider:
 * `linode/direct-disk` starts the first disk by SeaBIOS, and `linode/grub2` a GRUB from outside, which reads
 * /boot/grub/grub.cfg of the first disk's file system. A Linode's ports are reachable at its address.
 */
export async function qemuDriver(options: {
	folder: string;
	stock: StockSystem;
	/** Ports of the guests that are forwarded from their address. */
	ports: readonly number[];
	/** MiB */
	memory: number;
}): Promise<QemuDriver> {
	const { folder, stock } = options;
	const vms = new Map<number, RunningVm>();
	const consoles: string[] = [];
	const fileOf = (disk: { id: number }): string =>
		join(folder, `disk-${disk.id}.img`);
	await mkdir(folder, { recursive: true });
	const grub2 = await makeGrub2(folder);
	const distribution = await distributionTree(join(folder, "stock"), stock);

	async function stop(linode: number): Promise<void> {
		const vm = vms.get(linode);
		vms.delete(linode);
		await vm?.kill();
	}

	return {
		consoles,
		vm: (linode) => vms.get(linode),
		async createDisk(_: FakeLinode, disk: FakeDisk, source: DiskSource) {
			const file = fileOf(disk);
			if (source.kind === "upload")
				await run("cp", ["--sparse=always", source.file, file]);
			else await writeFile(file, "");
			await truncate(file, disk.size * 1024 * 1024);
			const content = source.kind === "stock" ? ["-d", distribution] : [];
			if (source.kind !== "upload" && disk.filesystem === "ext4")
				await run("mke2fs", ["-q", "-F", "-t", "ext4", ...content, file]);
		},
		async resizeDisk(_, disk, size) {
			const file = fileOf(disk);
			if (disk.filesystem === "ext4" && size < disk.size) {
				// e2fsck(8): 1 means repaired, as the journal of a system that was switched off.
				await run("e2fsck", ["-f", "-p", file], { okExitCodes: [0, 1] });
				const { exitCode } = await run("resize2fs", [file, `${size}M`], {
					okExitCodes: [0, 1],
				});
				if (exitCode !== 0) return false;
			}
			await truncate(file, size * 1024 * 1024);
			return true;
		},
		deleteDisk: (_, disk) => rm(fileOf(disk), { force: true }),
		async boot(linode, config: FakeConfig) {
			await stop(linode.id);
			const drives = Object.keys(config.devices)
				.sort()
				.flatMap((name): Drive[] => {
					const id = config.devices[name]?.disk_id;
					return id
						? [{ file: fileOf({ id }), format: "raw", bus: "virtio-scsi" }]
						: [];
				});
			const machine: Machine = {
				...loaderOf(config.kernel, grub2),
				drives,
				memory: options.memory,
				cpus: 2,
				accelerator: "tcg",
				ports: options.ports.map((port) => ({
					address: linode.ipv4[0] ?? "127.0.0.1",
					host: port,
					guest: port,
					protocol: "tcp",
				})),
			};
			const vm = await bootVm({
				name: `linode-${linode.id}-${process.pid}`,
				machine,
			});
			const index = consoles.push("") - 1;
			vm.console.onOutput((chunk) => {
				consoles[index] += Buffer.from(chunk).toString("utf8");
			});
			vms.set(linode.id, vm);
		},
		shutdown: (linode) => stop(linode.id),
		async close() {
			for (const id of [...vms.keys()]) await stop(id);
		},
	};
}

/** What starts the machine when it is not the first disk's own boot sector. */
function loaderOf(kernel: string, grub2: string): Pick<Machine, "kernel"> {
	if (kernel === "linode/direct-disk") return {};
	if (kernel === "linode/grub2") return { kernel: grub2 };
	throw new Error(`this bed has no kernel ${kernel}`);
}

/** The provider's GRUB, in the form of a Linux kernel, so that QEMU starts it: GRUB's lnxboot.img does that. */
async function makeGrub2(folder: string): Promise<string> {
	const core = join(folder, "grub2-core.img");
	await run("grub-mkimage", [
		...["-O", "i386-pc", "-o", core, "-p", "(hd0)/boot/grub"],
		...["biosdisk", "ext2", "linux", "normal", "configfile", "echo"],
	]);
	const file = join(folder, "grub2");
	await writeFile(
		file,
		Buffer.concat([
			await readFile("/usr/lib/grub/i386-pc/lnxboot.img"),
			await readFile(core),
		]),
	);
	return file;
}

/** The files of a distribution's disk. */
async function distributionTree(
	folder: string,
	{ kernel, initrd, cmdline }: StockSystem,
): Promise<string> {
	await mkdir(join(folder, "boot/grub"), { recursive: true });
	await copyFile(kernel, join(folder, "boot/vmlinuz"));
	await copyFile(initrd, join(folder, "boot/initrd.img"));
	await writeFile(
		join(folder, "boot/grub/grub.cfg"),
		`set root=(hd0)\nlinux /boot/vmlinuz root=/dev/sda ${cmdline}\ninitrd /boot/initrd.img\nboot\n`,
	);
	return folder;
}
