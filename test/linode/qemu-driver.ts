import { mkdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/system/process.ts";
import { bootVm } from "../../src/vm/boot.ts";
import type { Drive, Machine } from "../../src/vm/qemu.ts";
import type { RunningVm } from "../../src/vm/running-vm.ts";
import type { FakeConfig, FakeDisk, FakeLinode } from "./account.ts";
import type { DiskSource, VmDriver } from "./driver.ts";

/** What a stock system boots: the provider's kernel, from outside of its disk. */
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
 * Linodes as QEMU machines whose disks are files: `linode/direct-disk` starts the first disk by SeaBIOS, as
 * the provider does; every other kernel starts the stock system. A Linode's ports are reachable at its address.
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
			if (source.kind === "empty" && disk.filesystem === "ext4")
				await run("mkfs.ext4", ["-q", "-F", file]);
		},
		async resizeDisk(_, disk, size) {
			await truncate(fileOf(disk), size * 1024 * 1024);
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
			const direct = config.kernel === "linode/direct-disk";
			const machine: Machine = {
				...(direct ? {} : stock),
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
