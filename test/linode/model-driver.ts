import { readFile } from "node:fs/promises";
import { sha256 } from "../../src/system/files.ts";
import type { FakeConfig, FakeDisk, FakeLinode } from "./account.ts";
import type { DiskSource, FirstBootScript, VmDriver } from "./driver.ts";
import type { BedClock } from "./virtual-clock.ts";

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

/** What the model needs to play a maker: what can be fetched, by address, and how time passes. */
export interface ModelWorld {
	downloads: Map<string, string>;
	clock: BedClock;
}

/** @param fits whether a stock disk can be shrunk to a size in MiB. */
export function modelDriver(
	fits: (size: number) => boolean = (size) => size >= stockNeeds,
	world?: ModelWorld,
): ModelDriver {
	const contents = new Map<number, string>();
	const written = new Map<number, string[]>();
	const guests = new Map<number, ModelGuest>();
	const scripts = new Map<number, FirstBootScript>();

	/** What profiles/linode/maker.sh does. */
	function runMaker(
		linode: FakeLinode,
		config: FakeConfig,
		{ fields }: FirstBootScript,
	): void {
		const target = config.devices.sdb?.disk_id ?? 0;
		world?.clock.after(90_000, () => {
			const fetched = world.downloads.get(fields.url ?? "") ?? "nothing";
			contents.set(
				target,
				sha256(fetched) === fields.sha256 ? `image ${fetched}` : "wiped",
			);
			driver.onPowerOff?.(linode);
		});
	}

	const driver: ModelDriver = {
		guest: (linode) => guests.get(linode),
		content: (disk) => contents.get(disk),
		written: (disk) => written.get(disk) ?? [],
		async createDisk(_: FakeLinode, disk: FakeDisk, source: DiskSource) {
			contents.set(disk.id, await contentOf(source));
			if (source.kind === "stock" && source.script)
				scripts.set(disk.id, source.script);
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
			const script = scripts.get(first);
			scripts.delete(first);
			if (script) runMaker(linode, config, script);
			const data = config.devices.sdb?.disk_id;
			if (data) written.get(data)?.push(system);
		},
		async shutdown(linode) {
			guests.delete(linode.id);
		},
		async close() {},
	};
	return driver;
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
