/** What the fake provider knows: the state behind the API. Field names are the API's own. */

export interface FakeLinode {
	id: number;
	label: string;
	status: string;
	region: string;
	type: string;
	ipv4: string[];
	tags: string[];
	watchdog_enabled: boolean;
	/** MiB */
	diskTotal: number;
	disks: FakeDisk[];
	configs: FakeConfig[];
	/** The config that was booted last. */
	booted?: number;
	jobs: FakeJob[];
	created: string;
}

export interface FakeDisk {
	id: number;
	label: string;
	status: "ready" | "not ready" | "deleting";
	size: number;
	filesystem: string;
	created: string;
	/** Lists show it from then on, in milliseconds of the clock. */
	listedFrom: number;
}

export interface FakeConfig {
	id: number;
	label: string;
	kernel: string;
	comments: string;
	devices: Record<
		string,
		{ disk_id?: number | null; volume_id?: number | null } | null
	>;
	helpers: Record<string, boolean>;
	root_device: string;
	run_level: string;
	virt_mode: string;
	interfaces: Record<string, unknown>[];
}

export interface FakeImage {
	id: string;
	label: string;
	description: string;
	status: "pending_upload" | "creating" | "available";
	region: string;
	is_public: boolean;
	/** MB */
	size: number;
	created: string;
	/** The word in its upload address. */
	ticket?: string;
	/** What was uploaded, unpacked. */
	file?: string;
}

export interface FakeEvent {
	id: number;
	action: string;
	status: "scheduled" | "started" | "finished" | "failed" | "notification";
	created: string;
	entity: { id: number | string; type: string; label: string; url: string };
	secondary_entity: {
		id: number | string;
		type: string;
		label: string;
		url: string;
	} | null;
	message: string | null;
	percent_complete: number;
}

export interface FakeJob {
	event: FakeEvent;
	/** Milliseconds. */
	takes: number;
	begin?: () => void;
	/** @returns false when the job failed. */
	finish: () => Promise<boolean>;
	/** What happens to the state when it fails. */
	fail?: () => void;
}

export interface FakeStackScript {
	id: number;
	label: string;
	description: string;
	script: string;
	images: string[];
	is_public: boolean;
	rev_note: string;
}

export interface Account {
	linodes: FakeLinode[];
	images: FakeImage[];
	stackscripts: FakeStackScript[];
	events: FakeEvent[];
	/** The next number to give; one row for everything, as it is easier to follow. */
	nextId: number;
}

/** UTC without a Z, as the API writes it. */
export function timestamp(milliseconds: number): string {
	return new Date(milliseconds).toISOString().slice(0, 19);
}

export function diskOf(linode: FakeLinode, id: number): FakeDisk | undefined {
	return linode.disks.find((disk) => disk.id === id);
}
