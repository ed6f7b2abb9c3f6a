import { readFile } from "node:fs/promises";
import type { FakeConfig, FakeDisk, FakeLinode } from "./account.ts";
import type { DiskSource, VmDriver } from "./driver.ts";

/** A running guest of the model. */
export interface ModelGuest {
	/** What the first disk holds, e.g. `stock linode/debian12` or `image good 1`. */
	system: string;
	healthy: boolean;
	config: number;
}

/** Machines as a table: which profile boots which disk, and whether what comes up is well. */
export interface ModelDriver extends VmDriver {
	guest(linode: number): ModelGuest | undefined;
	content(disk: number): string | undefined;
	/** What the guests wrote on a data disk, a word for each boot. */
	written(disk: number): readonly string[];
}

/** An ext4 of a stock system needs at least so much; MiB. */
const stockNeeds = 2000;

/** @param fits whether a stock disk can be shrunk to a size in MiB. */
export function modelDriver(
	fits: (size: number) => boolean = (size) => size >= stockNeeds,
): ModelDriver {
	const contents = new Map<number, string>();
	const written = new Map<number, string[]>();
	const guests = new Map<number, ModelGuest>();
	return {
		guest: (linode) => guests.get(linode),
		content: (disk) => contents.get(disk),
		written: (disk) => written.get(disk) ?? [],
		async createDisk(_: FakeLinode, disk: FakeDisk, source: DiskSource) {
			contents.set(disk.id, await contentOf(source));
			written.set(disk.id, []);
		},
		async resizeDisk(_, disk, size) {
			return disk.size <= size || fits(size);
		},
		async deleteDisk(_, disk) {
			contents.delete(disk.id);
			written.delete(disk.id);
		},
		async boot(linode, config: FakeConfig) {
			const first = config.devices.sda?.disk_id ?? 0;
			const system = contents.get(first) ?? "nothing";
			guests.set(linode.id, {
				system,
				healthy: isHealthy(system, config),
				config: config.id,
			});
			const data = config.devices.sdb?.disk_id;
			if (data) written.get(data)?.push(system);
		},
		async shutdown(linode) {
			guests.delete(linode.id);
		},
		async close() {},
	};
}

async function contentOf(source: DiskSource): Promise<string> {
	if (source.kind === "empty") return "empty";
	if (source.kind === "stock") return `stock ${source.image}`;
	return `image ${(await readFile(source.file, "utf8")).trim()}`;
}

/**
 * A stock system boots by the provider's kernel or GRUB. A partitioned image boots by its own boot sector
 * only: with the provider's kernel it panics, and with a helper that writes into the root file system the
 * start is refused.
 */
function isHealthy(system: string, config: FakeConfig): boolean {
	if (system.startsWith("stock "))
		return config.kernel !== "linode/direct-disk";
	return (
		system.startsWith("image good") &&
		config.kernel === "linode/direct-disk" &&
		Object.values(config.helpers).every((on) => !on)
	);
}
