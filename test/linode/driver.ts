import type { FakeConfig, FakeDisk, FakeLinode } from "./account.ts";

/** Where a disk's first content comes from. */
export type DiskSource =
	| { kind: "empty" }
	/** A distribution of the provider's. */
	| { kind: "stock"; image: string; script?: FirstBootScript }
	/** A file with a raw disk image. */
	| { kind: "upload"; file: string };

/** A StackScript with its fields, which runs at the first boot. */
export interface FirstBootScript {
	text: string;
	fields: Readonly<Record<string, string>>;
}

/** The machines behind the API. */
export interface VmDriver {
	createDisk(
		linode: FakeLinode,
		disk: FakeDisk,
		source: DiskSource,
	): Promise<void>;
	/** @returns false when the content does not fit. */
	resizeDisk(
		linode: FakeLinode,
		disk: FakeDisk,
		size: number,
	): Promise<boolean>;
	deleteDisk(linode: FakeLinode, disk: FakeDisk): Promise<void>;
	/** Starts the machine; whether the guest is well is its own business. */
	boot(linode: FakeLinode, config: FakeConfig): Promise<void>;
	shutdown(linode: FakeLinode): Promise<void>;
	/** Set by the bed: told of a guest that switches itself off. */
	onPowerOff?: (linode: FakeLinode) => void;
	/** Of all machines. */
	close(): Promise<void>;
}
