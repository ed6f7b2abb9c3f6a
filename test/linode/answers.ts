import {
	type Account,
	type FakeConfig,
	type FakeDisk,
	type FakeEvent,
	type FakeImage,
	type FakeLinode,
	type FakeStackScript,
	timestamp,
} from "./account.ts";

/** Every field that the API documents for an object, as it shows it. */
export function showLinode(linode: FakeLinode): object {
	const { disks: _, configs: __, jobs: ___, booted: ____, ...own } = linode;
	const { diskTotal, ...shown } = own;
	return {
		...shown,
		group: "",
		updated: linode.created,
		image: null,
		ipv6: `2001:db8::f03c:${linode.id.toString(16)}/128`,
		hypervisor: "kvm",
		host_uuid: "3a3ddd59d9a78bb8de041391075df44de62bfec8",
		has_user_data: false,
		lke_cluster_id: null,
		placement_group: null,
		capabilities: [],
		specs: { disk: diskTotal, memory: 1024, vcpus: 1, gpus: 0, transfer: 1000 },
		alerts: {
			cpu: 90,
			network_in: 10,
			network_out: 10,
			transfer_quota: 80,
			io: 10000,
		},
		backups: {
			enabled: false,
			available: false,
			schedule: { day: null, window: null },
			last_successful: null,
		},
	};
}

export function showDisk(disk: FakeDisk): object {
	const { listedFrom: _, ...shown } = disk;
	return { ...shown, updated: disk.created };
}

const slots = ["sda", "sdb", "sdc", "sdd", "sde", "sdf", "sdg", "sdh"];

export function showConfig(config: FakeConfig): object {
	return {
		...config,
		memory_limit: 0,
		initrd: null,
		devices: Object.fromEntries(
			slots.map((slot) => {
				const device = config.devices[slot];
				return [
					slot,
					device
						? {
								disk_id: device.disk_id ?? null,
								volume_id: device.volume_id ?? null,
							}
						: null,
				];
			}),
		),
	};
}

export function showImage(image: FakeImage): object {
	const { ticket: _, file: __, region, ...shown } = image;
	return {
		...shown,
		type: "manual",
		capabilities: [],
		created_by: "tester",
		deprecated: false,
		eol: null,
		expiry: null,
		vendor: null,
		tags: [],
		total_size: image.size,
		updated: image.created,
		regions: [{ region, status: "available" }],
	};
}

export function showStackScript(script: FakeStackScript): object {
	return {
		...script,
		mine: true,
		created: "2026-01-01T00:00:00",
		updated: "2026-01-01T00:00:00",
		deployments_active: 0,
		deployments_total: 0,
		username: "tester",
		user_gravatar_id: "d41d8cd98f00b204e9800998ecf8427e",
		user_defined_fields: [
			...script.script.matchAll(/<UDF name="(\w+)" label="([^"]*)"/g),
		].map(([, name, label]) => ({ name, label })),
	};
}

export function showEvent(event: FakeEvent): object {
	return {
		...event,
		duration: 1.5,
		rate: null,
		read: false,
		seen: false,
		time_remaining: null,
		username: "tester",
	};
}

export function newEvent(
	account: Account,
	now: number,
	options: Pick<FakeEvent, "action" | "status" | "entity"> & Partial<FakeEvent>,
): FakeEvent {
	const event: FakeEvent = {
		id: account.nextId++,
		created: timestamp(now),
		secondary_entity: null,
		message: null,
		percent_complete: options.status === "notification" ? 100 : 0,
		...options,
	};
	account.events.push(event);
	return event;
}

export function linodeEntity(linode: FakeLinode): FakeEvent["entity"] {
	return {
		id: linode.id,
		type: "linode",
		label: linode.label,
		url: `/v4/linode/instances/${linode.id}`,
	};
}

export function configEntity(
	linode: FakeLinode,
	config: FakeConfig,
): NonNullable<FakeEvent["secondary_entity"]> {
	return {
		id: config.id,
		type: "linode_config",
		label: config.label,
		url: `/v4/linode/instances/${linode.id}/configs/${config.id}`,
	};
}

export function diskEntity(
	linode: FakeLinode,
	disk: FakeDisk,
): NonNullable<FakeEvent["secondary_entity"]> {
	return {
		id: disk.id,
		type: "disk",
		label: disk.label,
		url: `/v4/linode/instances/${linode.id}/disks/${disk.id}`,
	};
}
