import { ExpectedError } from "../../system/errors.ts";
import type { Inspection } from "../provider.ts";
import type { DeploySettings } from "../schema.ts";
import type { Disk, Event, Linode, Profile } from "./answers.ts";
import type { Before } from "./before.ts";
import { isDataDisk, isOurDisk, isOurProfile } from "./names.ts";

/** A Linode as it is. */
export interface Found {
	linode: Linode;
	disks: readonly Disk[];
	profiles: readonly Profile[];
	/** The newest first. */
	events: readonly Event[];
}

const mebibyte = 1024 * 1024;

/** Smallest size that a disk of the old system is shrunk to; the provider checks whether its content fits. */
const smallestOldDisk = 1024;

/**
 * Decides what a deploy does to a Linode. Pure: nothing is asked and nothing changed.
 * @param diskBytes size of the disk image.
 * @param makerSize MiB that a maker needs meanwhile; 0 for the strategy `image`.
 * @throws ExpectedError when it cannot be done.
 */
export function planLinode(
	found: Found,
	settings: DeploySettings,
	diskBytes: number,
	makerSize: number,
): Inspection & { before: Before } {
	const { linode, disks } = found;
	const current = currentProfile(found, settings.linode.profile);
	const used = new Set(current ? diskIds(current) : []);
	const data = disks.find(({ id, label }) => used.has(id) && isDataDisk(label));
	const keepData = data !== undefined && settings.data.redeploy === "keep";
	const leftovers = leftoversOf(found, current);
	const previous =
		settings.previous === "remove" && current
			? exclusiveTo([current], found, (disk) => !(keepData && disk === data))
			: { profiles: [], disks: [] };
	const bootSize = Math.ceil(diskBytes / mebibyte);
	const newDataSize =
		!keepData && settings.data.size ? mebibytes(settings.data.size) : null;
	const gone = new Set(leftovers.disks.map(({ id }) => id));
	const taken = disks
		.filter(({ id }) => !gone.has(id))
		.reduce((sum, { size }) => sum + size, 0);
	const missing =
		bootSize + (newDataSize ?? 0) + makerSize + taken - linode.specs.disk;
	const shrink =
		missing > 0 ? shrinkFor(missing, bootSize, found, settings.room) : null;
	const before: Before = {
		linode: {
			id: linode.id,
			label: linode.label,
			region: linode.region,
			running: linode.status !== "offline",
			watchdog: linode.watchdog_enabled,
		},
		profile: current ? named(current) : null,
		interfaces: current?.interfaces ?? [],
		volumes: current
			? Object.values(current.devices).flatMap(
					(device) => device?.volume_id ?? [],
				)
			: [],
		bootSize,
		makerSize,
		data: keepData ? named(data) : null,
		newDataSize,
		shrink,
		leftovers: {
			profiles: leftovers.profiles.map(named),
			disks: leftovers.disks.map(named),
		},
		previous: {
			profiles: previous.profiles.map(named),
			disks: previous.disks.map(named),
		},
	};
	return {
		server: `Linode ${linode.id} "${linode.label}" (${linode.region}, ${linode.ipv4[0] ?? "no address"}, ${linode.status})`,
		...describe(before, found),
		before,
	};
}

/**
 * The profile that runs: the only one, the one of the newest boot, or the one that the config names. It is
 * what is booted again when the new host fails, so it is never guessed.
 */
function currentProfile(
	{ profiles, events, linode }: Found,
	label: string | undefined,
): Profile | undefined {
	if (label !== undefined) {
		const matches = profiles.filter((profile) => profile.label === label);
		if (matches.length === 1) return matches[0];
		throw new ExpectedError({
			code: "LINODE_PROFILE_UNKNOWN",
			message: `Linode "${linode.label}" has ${matches.length} profiles called "${label}"; there are: ${list(profiles)}`,
		});
	}
	if (profiles.length <= 1) return profiles[0];
	for (const { action, status, secondary_entity: other } of events) {
		if (!/boot|rebuild|linode_create/.test(action) || status === "failed")
			continue;
		const id = Number(/\/configs\/(\d+)$/.exec(other?.url ?? "")?.[1]);
		const booted = profiles.find((profile) => profile.id === id);
		if (booted) return booted;
		break;
	}
	throw new ExpectedError({
		code: "LINODE_PROFILE_UNKNOWN",
		message: `the API does not tell which profile of Linode "${linode.label}" runs; there are: ${list(profiles)}`,
		hint: "name it by deploy.linode.profile: it is booted again if the new host fails",
	});
}

/** Profiles that earlier deploys made and that do not run, and disks that only they use. */
function leftoversOf(
	found: Found,
	current: Profile | undefined,
): { profiles: Profile[]; disks: Disk[] } {
	const profiles = found.profiles.filter(
		(profile) => profile !== current && isOurProfile(profile.label),
	);
	return exclusiveTo(profiles, found, ({ label }) => isOurDisk(label));
}

/** Profiles with the disks that no other profile uses. Disks of ours that nobody uses count as theirs. */
function exclusiveTo(
	profiles: Profile[],
	found: Found,
	wanted: (disk: Disk) => boolean,
): { profiles: Profile[]; disks: Disk[] } {
	const others = new Set(
		found.profiles
			.filter((profile) => !profiles.includes(profile))
			.flatMap(diskIds),
	);
	const own = new Set(profiles.flatMap(diskIds));
	const disks = found.disks.filter(
		(disk) =>
			!others.has(disk.id) &&
			(own.has(disk.id) || isOurDisk(disk.label)) &&
			wanted(disk),
	);
	return { profiles, disks };
}

function shrinkFor(
	missing: number,
	nextTime: number,
	{ linode, disks }: Found,
	room: DeploySettings["room"],
): NonNullable<Before["shrink"]> {
	const candidate = disks
		.filter(
			({ filesystem, label }) => filesystem === "ext4" && !isOurDisk(label),
		)
		.toSorted((a, b) => b.size - a.size)[0];
	const size = candidate?.size ?? 0;
	// With room for the next deploy, too, unless that asks much of the old system.
	const ample = size - missing - nextTime;
	const to = ample >= size / 2 ? ample : size - missing;
	if (room === "shrink" && candidate && to >= smallestOldDisk)
		return { ...named(candidate), from: candidate.size, to };
	throw new ExpectedError({
		code: "DEPLOY_NO_ROOM",
		message: `Linode "${linode.label}" lacks ${missing} MiB beside its disks (${disks.map(({ label, size }) => `"${label}" ${size} MiB`).join(", ")} of ${linode.specs.disk} MiB)`,
		hint:
			room === "refuse" && candidate && to >= smallestOldDisk
				? `deploy.room: shrink would shrink "${candidate.label}" to ${to} MiB`
				: "remove disks that are not needed, make the image or data disk smaller, or take a larger plan",
	});
}

function describe(
	before: Before,
	found: Found,
): Pick<Inspection, "actions" | "losses"> {
	const { shrink, leftovers, previous, data, newDataSize, profile } = before;
	const size = (id: number): string =>
		`${found.disks.find((disk) => disk.id === id)?.size ?? "?"} MiB`;
	const goneFor = (set: Before["previous"]): string[] => [
		...set.profiles.map(({ id, label }) => `profile ${id} "${label}"`),
		...set.disks.map(({ id, label }) => `disk ${id} "${label}" (${size(id)})`),
	];
	return {
		actions: [
			...(before.makerSize > 0
				? []
				: ["upload the disk image, unless it is there already"]),
			...(shrink
				? [
						`shut down, and shrink disk ${shrink.id} "${shrink.label}" from ${shrink.from} to ${shrink.to} MiB`,
					]
				: []),
			before.makerSize > 0
				? `make a boot disk of ${before.bootSize} MiB, and a maker (disk of ${before.makerSize} MiB and a profile, removed afterwards) that is booted to write it`
				: `make a boot disk of ${before.bootSize} MiB from the image`,
			...(data ? [`keep data disk ${data.id} "${data.label}"`] : []),
			...(newDataSize ? [`make a data disk of ${newDataSize} MiB`] : []),
			"make a config profile (linode/direct-disk, helpers off) and boot it",
			profile
				? `boot profile ${profile.id} "${profile.label}" again if the new host does not get healthy`
				: "there is no old system to go back to",
		],
		losses: [
			...goneFor(leftovers),
			...goneFor(previous).map(
				(text) => `${text}, once the new host is healthy`,
			),
		],
	};
}

function diskIds({ devices }: Profile): number[] {
	return Object.values(devices).flatMap((device) => device?.disk_id ?? []);
}

function named({ id, label }: { id: number; label: string }) {
	return { id, label };
}

function list(profiles: readonly Profile[]): string {
	return profiles.map(({ id, label }) => `${id} "${label}"`).join(", ");
}

function mebibytes(text: string): number {
	const factor = { M: 1, G: 1024, T: 1024 * 1024 }[text.slice(-1)] ?? 1;
	return Number(text.slice(0, -1)) * factor;
}
