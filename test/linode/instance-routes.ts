import {
	diskOf,
	type FakeConfig,
	type FakeDisk,
	type FakeLinode,
	timestamp,
} from "./account.ts";
import {
	diskEntity,
	linodeEntity,
	newEvent,
	showConfig,
	showDisk,
	showLinode,
} from "./answers.ts";
import type { DiskSource, FirstBootScript } from "./driver.ts";
import { addBoot, jobTimes } from "./jobs.ts";
import { type Asked, busy, notFound, ok, type Reply, refuse } from "./reply.ts";
import { type Bed, check, paged } from "./route-parts.ts";
import { requestSchema } from "./validation.ts";

/** Seconds that a new disk is missing from its list; milliseconds. */
const listLag = 4000;

/** What a profile gets when the request does not say: this is the trap. */
const standardHelpers = {
	updatedb_disabled: true,
	distro: true,
	modules_dep: true,
	network: true,
	devtmpfs_automount: true,
};

/** /linode/instances and below. */
export async function instanceRoute(
	bed: Bed,
	asked: Asked,
	parts: readonly string[],
): Promise<Reply> {
	const { account } = bed;
	const [idText, kind, childText, action] = parts;
	if (idText === undefined)
		return asked.method === "POST"
			? createLinode(bed, asked)
			: paged(asked, account.linodes, showLinode);
	const linode = account.linodes.find(({ id }) => id === Number(idText));
	if (!linode) return notFound();
	if (kind === undefined) return oneLinode(bed, asked, linode);
	const child = childText === undefined ? undefined : Number(childText);
	if (kind === "configs") return configRoute(bed, asked, linode, child);
	if (kind === "disks") return diskRoute(bed, asked, linode, child, action);
	if (asked.method !== "POST") return notFound();
	return powerRoute(bed, asked, linode, kind);
}

function createLinode(bed: Bed, asked: Asked): Reply {
	const { account, clock } = bed;
	const wrong = check(requestSchema("CreateLinodeSchema"), asked.body);
	if (wrong) return wrong;
	const { label, type, region, tags, booted, image } = asked.body;
	if (account.linodes.some((linode) => linode.label === label))
		return refuse(400, "Label must be unique among your linodes", "label");
	if (image !== undefined || booted !== false)
		return refuse(400, "the test bed makes only empty Linodes that are off");
	const linode: FakeLinode = {
		id: account.nextId++,
		label: String(label),
		status: "offline",
		region: String(region),
		type: String(type),
		ipv4: [bed.address()],
		tags: (tags as string[] | undefined) ?? [],
		watchdog_enabled: true,
		diskTotal: 25_600,
		disks: [],
		configs: [],
		jobs: [],
		created: timestamp(clock.now()),
	};
	account.linodes.push(linode);
	newEvent(account, clock.now(), {
		action: "linode_create",
		status: "finished",
		entity: linodeEntity(linode),
	});
	return ok(showLinode(linode));
}

function oneLinode(bed: Bed, asked: Asked, linode: FakeLinode): Reply {
	if (asked.method === "GET") return ok(showLinode(linode));
	if (asked.method === "DELETE") {
		bed.account.linodes.splice(bed.account.linodes.indexOf(linode), 1);
		void bed.driver.shutdown(linode);
		return ok();
	}
	const wrong = check(requestSchema("UpdateLinodeSchema"), asked.body);
	if (wrong) return wrong;
	const { watchdog_enabled, tags, label } = asked.body;
	if (typeof watchdog_enabled === "boolean")
		linode.watchdog_enabled = watchdog_enabled;
	if (Array.isArray(tags)) linode.tags = tags as string[];
	if (typeof label === "string") linode.label = label;
	newEvent(bed.account, bed.clock.now(), {
		action: "linode_update",
		status: "notification",
		entity: linodeEntity(linode),
	});
	return ok(showLinode(linode));
}

function configRoute(
	bed: Bed,
	asked: Asked,
	linode: FakeLinode,
	id: number | undefined,
): Reply {
	if (id === undefined && asked.method === "GET")
		return paged(asked, linode.configs, showConfig);
	if (id === undefined) {
		const wrong = check(requestSchema("CreateLinodeConfigSchema"), asked.body);
		if (wrong) return wrong;
		const devices = asked.body.devices as FakeConfig["devices"];
		for (const device of Object.values(devices))
			if (device?.disk_id && !diskOf(linode, device.disk_id))
				return refuse(400, "Invalid disk_id", "devices");
		const config: FakeConfig = {
			comments: "",
			kernel: "linode/latest-64bit",
			root_device: "/dev/sda",
			run_level: "default",
			virt_mode: "paravirt",
			interfaces: [],
			...(asked.body as Partial<FakeConfig> & { label: string }),
			helpers: {
				...standardHelpers,
				...(asked.body.helpers as Record<string, boolean> | undefined),
			},
			devices,
			id: bed.account.nextId++,
		};
		linode.configs.push(config);
		return ok(showConfig(config));
	}
	const config = linode.configs.find((one) => one.id === id);
	if (!config) return notFound();
	if (asked.method === "PUT") {
		const wrong = check(requestSchema("UpdateLinodeConfigSchema"), asked.body);
		if (wrong) return wrong;
		Object.assign(config, asked.body);
	}
	if (asked.method === "DELETE") {
		bed.watch.configDeleted(linode, config);
		linode.configs.splice(linode.configs.indexOf(config), 1);
		return ok();
	}
	return ok(showConfig(config));
}

function diskRoute(
	bed: Bed,
	asked: Asked,
	linode: FakeLinode,
	id: number | undefined,
	action: string | undefined,
): Reply {
	if (id === undefined)
		return asked.method === "POST"
			? createDisk(bed, asked, linode)
			: paged(
					asked,
					linode.disks.filter(
						({ listedFrom }) => listedFrom <= bed.clock.now(),
					),
					showDisk,
				);
	const disk = diskOf(linode, id);
	if (!disk) return notFound();
	if (action === "resize") return resizeDisk(bed, asked, linode, disk);
	if (asked.method === "GET") return ok(showDisk(disk));
	if (asked.method !== "DELETE") return notFound();
	if (linode.jobs.length > 0) return busy();
	if (inUse(linode, disk))
		return refuse(400, "Linode must be powered off to delete this disk.");
	bed.watch.diskDeleted(linode, disk);
	disk.status = "deleting";
	bed.row.add(linode, {
		action: "disk_delete",
		secondary: diskEntity(linode, disk),
		takes: jobTimes.diskDelete,
		async finish() {
			await bed.driver.deleteDisk(linode, disk);
			linode.disks.splice(linode.disks.indexOf(disk), 1);
			return true;
		},
		fail() {
			disk.status = "ready";
		},
	});
	return ok();
}

function createDisk(bed: Bed, asked: Asked, linode: FakeLinode): Reply {
	const wrong = check(requestSchema("CreateLinodeDiskSchema"), asked.body);
	if (wrong) return wrong;
	if (linode.jobs.length > 0) return busy();
	const { size, label, filesystem, image } = asked.body;
	const used = linode.disks.reduce((sum, disk) => sum + disk.size, 0);
	if (used + Number(size) > linode.diskTotal)
		return refuse(400, "Insufficient space for disk.", "size");
	let source: DiskSource = { kind: "empty" };
	if (typeof image === "string") {
		const found = bed.account.images.find(({ id }) => id === image);
		const script = firstBootScript(bed, asked);
		if (script && "status" in script) return script;
		if (image.startsWith("linode/"))
			source = { kind: "stock", image, ...(script ? { script } : {}) };
		else if (script)
			return refuse(400, "image is not valid with this StackScript", "image");
		else if (found?.status === "available" && found.file)
			source = { kind: "upload", file: found.file };
		else return refuse(400, "image is not valid", "image");
	}
	const disk: FakeDisk = {
		id: bed.account.nextId++,
		label: String(label),
		status: "not ready",
		size: Number(size),
		filesystem: String(filesystem ?? (image === undefined ? "raw" : "ext4")),
		created: timestamp(bed.clock.now()),
		listedFrom: bed.clock.now() + listLag,
	};
	linode.disks.push(disk);
	bed.row.add(linode, {
		action: "disk_create",
		secondary: diskEntity(linode, disk),
		takes: image === undefined ? jobTimes.disk : jobTimes.diskFromImage,
		async finish() {
			await bed.driver.createDisk(linode, disk, source);
			disk.status = "ready";
			return true;
		},
	});
	return ok(showDisk(disk));
}

/** The StackScript of a new disk, or why it will not do. */
function firstBootScript(
	bed: Bed,
	{ body }: Asked,
): FirstBootScript | Reply | undefined {
	if (body.stackscript_id === undefined) return undefined;
	const script = bed.account.stackscripts.find(
		({ id }) => id === body.stackscript_id,
	);
	if (!script) return refuse(400, "Invalid StackScript", "stackscript_id");
	const fields = body.stackscript_data as Record<string, string>;
	for (const [, name = "", standard] of script.script.matchAll(
		/<UDF name="(\w+)"[^>]*?( default=)?"[^">]*" *\/>/g,
	))
		if (standard === undefined && !(name in fields))
			return refuse(400, `${name} is required`, "stackscript_data");
	return { text: script.script, fields };
}

function resizeDisk(
	bed: Bed,
	asked: Asked,
	linode: FakeLinode,
	disk: FakeDisk,
): Reply {
	const wrong = check(requestSchema("ResizeLinodeDiskSchema"), asked.body);
	if (wrong) return wrong;
	if (linode.jobs.length > 0) return busy();
	if (linode.status !== "offline")
		return refuse(400, "Linode must be powered off to resize this disk.");
	const size = Number(asked.body.size);
	if (size < disk.size && disk.filesystem === "raw")
		return refuse(400, "raw disks can only be grown", "size");
	bed.row.add(linode, {
		action: "disk_resize",
		secondary: diskEntity(linode, disk),
		takes: jobTimes.diskResize,
		async finish() {
			if (!(await bed.driver.resizeDisk(linode, disk, size))) return false;
			disk.size = size;
			return true;
		},
	});
	return ok();
}

function powerRoute(
	bed: Bed,
	asked: Asked,
	linode: FakeLinode,
	action: string,
): Reply {
	if (linode.jobs.length > 0) return busy();
	if (action === "shutdown") {
		if (linode.status === "offline")
			return refuse(400, "Linode is already powered off.");
		bed.row.add(linode, {
			action: "linode_shutdown",
			takes: jobTimes.shutdown,
			begin() {
				linode.status = "shutting_down";
			},
			async finish() {
				await bed.driver.shutdown(linode);
				linode.status = "offline";
				return true;
			},
			fail() {
				linode.status = "running";
			},
		});
		return ok();
	}
	if (action !== "boot" && action !== "reboot") return notFound();
	if (action === "boot" && linode.status !== "offline")
		return refuse(400, "Linode is already booted.");
	if (action === "reboot" && linode.status === "offline")
		return refuse(400, "Linode is not booted.");
	const config = Number(
		asked.body.config_id ?? linode.booted ?? linode.configs[0]?.id,
	);
	const event = addBoot(bed.row, bed.driver, linode, {
		action: `linode_${action}`,
		config,
		takes: jobTimes.boot,
	});
	return event ? ok() : refuse(400, "Invalid config_id", "config_id");
}

function inUse(linode: FakeLinode, disk: FakeDisk): boolean {
	if (linode.status === "offline") return false;
	const config = linode.configs.find(({ id }) => id === linode.booted);
	return Object.values(config?.devices ?? {}).some(
		(device) => device?.disk_id === disk.id,
	);
}
