import { ExpectedError } from "../../system/errors.ts";
import type { Inspection } from "../provider.ts";
import type { SshBefore } from "./before.ts";
import type { Disk, Facts, Part } from "./facts.ts";
import { tableCopy } from "./kept-table.ts";

/** What the plan needs to know of the image. */
export interface ImageFacts {
	bytes: number;
	diskBytes: number;
	/** Where its state partition begins, in bytes, when it has one. */
	stateAt: number | undefined;
	signed: boolean;
}

/** The name of the partition with a host's state: docs/disk.md. */
export const statePartition = "dock0-state";
const bootPartition = "dock0-boot";
const mebibyte = 1024 * 1024;

/** MiB for kernel, installer and their work, beside two copies of the packed image. */
const base = 160;

/**
 * Decides what a deploy does to a server. Pure.
 * @param options.named the disk that the config names.
 * @throws ExpectedError when it cannot be done.
 */
export function planSsh(
	facts: Facts,
	image: ImageFacts,
	options: {
		to: string;
		address: string;
		named: string | undefined;
		redeploy: "keep" | "replace";
	},
): Inspection & { before: SshBefore } {
	const { network } = facts;
	requireKexec(facts, options.to);
	requireMemory(facts, image);
	const disk = targetDisk(facts, options.named);
	const named = options.named ?? `/dev/${disk.name}`;
	if (disk.block !== 512)
		throw refused(
			"DEPLOY_DISK_BLOCKS",
			`${named} is addressed by blocks of ${disk.block} bytes, and the image's partition table counts in 512: no firmware would find it there`,
			"take another disk, or switch this one to 512 bytes (nvme format, hdparm --set-sector-size), which empties it",
		);
	const kept = keptState(disk, image, options);
	if (!kept && disk.sectors * 512 < image.diskBytes)
		throw refused(
			"DEPLOY_NO_ROOM",
			`${named} has ${size(disk.sectors)}, and the image ${Math.ceil(image.diskBytes / mebibyte)} MiB`,
			"make the image smaller: disk.size, disk.stateSize, disk.slotSize",
		);
	const others = facts.disks.filter((one) => one !== disk);
	const runsElsewhere = others.some((one) => holdsRoot(one, facts));
	const server = `${options.to} (${options.address}, "${facts.host}", Linux ${facts.kernel})`;
	return {
		server,
		actions: [
			`copy kernel, installer and image (${Math.ceil(image.bytes / mebibyte)} MiB) to /var/tmp, and load them for kexec`,
			"stop the old system, and start the installer in memory by kexec: from here on the server is off the air",
			`check the image's hash${image.signed ? " and signature" : " (it is not signed)"}; if that or anything else is wrong, reboot into the old system, which is untouched until here`,
			`POINT OF NO RETURN: overwrite ${named}${kept ? ` up to ${kept.name}, which is kept with the host's state` : ""}, read it again, and reboot from it`,
			"wait until the new host is healthy; there is no old system to go back to",
			...(network.link === ""
				? [
						"no default route was found: the installer will not be seen while it works",
					]
				: [
						`addresses of now: ${network.addresses.join(", ")} (${network.dynamic ? "by DHCP" : "fixed"}); the new host takes what host.network says, else DHCP`,
					]),
			...(runsElsewhere
				? [
						"the present system does not run from that disk: the firmware has to start the named one",
					]
				: []),
			...others.map((one) => `leave /dev/${one.name} alone`),
		],
		losses: [lossOf(disk, kept)],
		before: {
			boot: facts.boot,
			port: facts.port,
			disk: { name: disk.name, identity: disk.identity },
			kept: kept
				? { start: kept.start, sectors: kept.sectors, disk: disk.sectors }
				: null,
			bytes: kept ? kept.start * 512 : image.diskBytes,
			whole: !kept,
			network: {
				link: network.link,
				addresses: network.addresses,
				routers: network.routers,
			},
			consoles: facts.consoles,
		},
	};
}

/**
 * The partition with the state of a host that is deployed again, unless it is to be given up. An image keeps it
 * by having its own at the same sector: then nothing but what is before it is written.
 * @throws ExpectedError DEPLOY_DATA_MOVED.
 */
function keptState(
	{ name, parts, sectors }: Disk,
	{ stateAt }: ImageFacts,
	{ to, redeploy }: { to: string; redeploy: "keep" | "replace" },
): Part | undefined {
	if (redeploy === "replace") return undefined;
	const states = parts.filter(({ label }) => label === statePartition);
	const kept = states.find(({ start }) => start * 512 === stateAt);
	const [lost] = states.filter((part) => part !== kept);
	if (kept && kept.start + kept.sectors > sectors - tableCopy)
		throw refused(
			"DEPLOY_DATA_MOVED",
			`${kept.name} of ${to} holds a host's state and reaches to the very end of /dev/${name}, where the copy of the partition table has to go`,
			"make the partition smaller, or give the state up by deploy.data.redeploy: replace",
		);
	if (!lost) return kept;
	throw refused(
		"DEPLOY_DATA_MOVED",
		`${lost.name} of ${to} holds a host's state, which begins at ${place(lost.start * 512)} of /dev/${name}, and ${stateAt === undefined ? "the new image has no state partition" : `that of the new image at ${place(stateAt)}`}`,
		"build with the same disk.slots, disk.slotSize and disk.bundleSize, or give the state up by deploy.data.redeploy: replace",
	);
}

function place(bytes: number): string {
	return bytes % mebibyte === 0 ? `${bytes / mebibyte} MiB` : `byte ${bytes}`;
}

function requireKexec(facts: Facts, to: string): void {
	if (facts.arch !== "x86_64")
		throw refused(
			"SSH_WRONG_ARCHITECTURE",
			`${to} is of ${facts.arch}, and dock0 makes hosts of x86_64`,
			"take another server",
		);
	const why =
		facts.kexec === undefined
			? "its kernel was built without kexec, or it is a container"
			: facts.lockdown !== "none"
				? `its kernel is locked down (${facts.lockdown}), as it is under Secure Boot`
				: facts.kexec === "1"
					? "kexec was switched off there until the next boot (kernel.kexec_load_disabled)"
					: undefined;
	if (why !== undefined)
		throw refused(
			"SSH_NO_KEXEC",
			`${to} cannot start another kernel: ${why}`,
			"switch Secure Boot off, boot another kernel there, or write the disk from a rescue system: dock0 disk",
		);
}

function requireMemory(facts: Facts, { bytes }: ImageFacts): void {
	const packed = Math.ceil(bytes / mebibyte);
	const needed = 2 * packed + base;
	const has = Math.floor(facts.memory / 1024);
	if (has < needed)
		throw refused(
			"SSH_NO_MEMORY",
			`the server has ${has} MiB of memory, and the installer needs ${needed} MiB for an image of ${packed} MiB`,
			"make the image smaller",
		);
	const free = Math.floor(facts.available / 1024);
	if (free < needed)
		throw refused(
			"SSH_NO_MEMORY",
			`the server has ${free} MiB of memory free, and loading the installer needs ${needed} MiB`,
			"stop what runs there",
		);
	const room = Math.floor(facts.room / 1024);
	if (room < packed + base)
		throw refused(
			"SSH_NO_MEMORY",
			`/var/tmp of the server has room for ${room} MiB, and ${packed + base} MiB have to go there`,
			"make room",
		);
}

/**
 * The disk that the config names. It need not when there is only one, and the running system is on it; a rescue
 * system from elsewhere may have been started because of what is on the only disk.
 */
function targetDisk(facts: Facts, named: string | undefined): Disk {
	const { disks, target } = facts;
	const list = disks
		.map((disk) => `/dev/${disk.name} (${size(disk.sectors)}, ${uses(disk)})`)
		.join("; ");
	const [only, ...more] = disks;
	if (named === undefined) {
		if (only && more.length === 0 && holdsRoot(only, facts)) return only;
		throw refused(
			"DEPLOY_DISK_UNNAMED",
			`the server ${more.length > 0 ? `has ${disks.length} disks` : "does not run from its only disk"}, and deploy.ssh.disk does not say which is to be overwritten`,
			`there are: ${list}`,
		);
	}
	const found = disks.find(({ name }) => name === target);
	if (!found)
		throw refused(
			"DEPLOY_DISK_UNKNOWN",
			`${named} is no whole disk of the server`,
			`there are: ${list}`,
		);
	const twins = disks.filter(({ identity }) => identity === found.identity);
	if (twins.length === 1) return found;
	throw refused(
		"DEPLOY_DISK_UNKNOWN",
		`${named} cannot be told from ${twins.map(({ name }) => name).join(", ")} by size, place, serial number or partition table`,
		"give one of them a partition table",
	);
}

/** Whether the running system is on it; that of a host is a squashfs in a slot, of which no mount tells. */
function holdsRoot({ parts, mount }: Disk, { isHost }: Facts): boolean {
	return (
		[mount, ...parts.map((part) => part.mount)].includes("/") ||
		(isHost && parts.some(({ label }) => label === bootPartition))
	);
}

function lossOf(disk: Disk, kept: Part | undefined): string {
	const state = disk.parts.find(({ label }) => label === statePartition);
	const about = kept
		? ` (but for ${kept.name}, which is kept)`
		: state
			? ` (with the host's state on ${state.name}: deploy.data.redeploy is replace)`
			: "";
	return `all of /dev/${disk.name} (${size(disk.sectors)}): ${uses(disk)}${about}`;
}

function uses(disk: Disk): string {
	const parts = [...disk.parts, ...(disk.mount === undefined ? [] : [disk])];
	if (parts.length > 0)
		return parts
			.map((part) =>
				[
					part.name,
					size(part.sectors),
					...("label" in part && part.label ? [part.label] : []),
					...(part.mount === undefined ? [] : [`mounted at ${part.mount}`]),
				].join(" "),
			)
			.join(", ");
	return disk.used ? "holds something" : "seems empty";
}

function size(sectors: number): string {
	const mebibytes = Math.floor(sectors / 2048);
	return mebibytes < 10_240
		? `${mebibytes} MiB`
		: `${Math.floor(mebibytes / 1024)} GiB`;
}

function refused(code: string, message: string, hint: string): ExpectedError {
	return new ExpectedError({ code, message, hint });
}
