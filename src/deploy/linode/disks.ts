import { randomBytes } from "node:crypto";
import { stepFailure } from "../../system/errors.ts";
import type { Journal } from "../journal.ts";
import { type Disk, diskAnswer } from "./answers.ts";
import type { Client } from "./client.ts";
import { createOnce } from "./create-once.ts";
import { eventsOfLinode } from "./jobs.ts";
import { isNotFound } from "./refusals.ts";

interface NewDisk {
	linode: number;
	/** In the journal. */
	name: string;
	label: string;
	/** MiB */
	size: number;
	/** Copy this image; without it the disk is raw and empty. */
	image?: string;
	timeoutSeconds: number;
	/** What else the request holds, for a disk that runs a StackScript. */
	script?: () => Promise<object>;
}

/** How long a new disk may be unknown to the API although it was answered with its number. */
const lagMs = 30_000;

/**
 * Makes a disk, once, and waits until it is ready.
 * @throws ExpectedError LINODE_JOB_FAILED, LINODE_JOB_STUCK.
 */
export async function makeDisk(
	client: Client,
	journal: Journal,
	disk: NewDisk,
): Promise<number> {
	const collection = disksPath(disk.linode);
	const before = await journal.once(`${disk.name}-after`, async () => {
		const [newest] = await eventsOfLinode(client, disk.linode);
		return newest?.id ?? 0;
	});
	const id = await createOnce(client, journal, {
		name: disk.name,
		label: disk.label,
		collection,
		shape: diskAnswer,
		async make() {
			const script = await disk.script?.();
			return client.post(
				collection,
				{
					label: disk.label,
					size: disk.size,
					...script,
					...(disk.image === undefined
						? { filesystem: "raw" }
						: // A disk from an image needs some credential. This one is forgotten at once, and
							// nothing can put it into an image that holds no ordinary root file system.
							{ image: disk.image, root_pass: forgottenPassword() }),
				},
				diskAnswer,
			);
		},
	});
	await journal.once(`${disk.name}-ready`, () =>
		waitReady(client, disk, Number(id), before),
	);
	return Number(id);
}

/** Wanted: upper and lower case, digits, at least 11 characters. */
function forgottenPassword(): string {
	return `Aa1!${randomBytes(24).toString("base64url")}`;
}

async function waitReady(
	client: Client,
	{ linode, label, timeoutSeconds }: NewDisk,
	id: number,
	after: number,
): Promise<true> {
	const begin = client.clock.now();
	let missing = 0;
	for (let round = 1; ; round++) {
		const disk = await readDisk(client, linode, id);
		if (disk?.status === "ready") return true;
		if (!disk) missing ||= client.clock.now();
		const gone = missing > 0 && client.clock.now() - missing > lagMs;
		const failed =
			round % 3 === 0 && (await hasFailed(client, linode, id, after));
		if (gone || failed)
			throw stepFailure({
				code: "LINODE_JOB_FAILED",
				message: `Linode could not make the disk "${label}"`,
				hint: "its events in the Cloud Manager may tell why",
			});
		if (client.clock.now() - begin > timeoutSeconds * 1000)
			throw stepFailure({
				code: "LINODE_JOB_STUCK",
				message: `disk ${id} "${label}" is not ready after ${timeoutSeconds} seconds`,
				hint: "see the Linode's events in the Cloud Manager",
			});
		await client.clock.sleep(3000, client.signal);
	}
}

/** Whether a disk's job has failed. Events do not always name the disk; one that names another is not ours. */
async function hasFailed(
	client: Client,
	linode: number,
	disk: number,
	after: number,
): Promise<boolean> {
	const events = await eventsOfLinode(client, linode);
	return events.some(
		({ id, action, status, secondary_entity: other }) =>
			id > after &&
			["disk_create", "disk_imagize"].includes(action) &&
			status === "failed" &&
			(other?.id === null ||
				other?.id === undefined ||
				Number(other.id) === disk),
	);
}

/**
 * Deletes disks, one after the other, and waits until each is gone: jobs of a Linode are serial, and the next
 * step counts on the room.
 */
export async function deleteDisks(
	client: Client,
	linode: number,
	disks: readonly number[],
	timeoutSeconds: number,
): Promise<void> {
	for (const id of disks) {
		const begin = client.clock.now();
		let asked = Number.NEGATIVE_INFINITY;
		for (;;) {
			const disk = await readDisk(client, linode, id);
			if (!disk) break;
			// A job that failed leaves the disk, so it is asked again after a while.
			if (disk.status !== "deleting" && client.clock.now() - asked > 60_000) {
				await client.delete(`${disksPath(linode)}/${id}`);
				asked = client.clock.now();
			}
			if (client.clock.now() - begin > timeoutSeconds * 1000)
				throw stepFailure({
					code: "LINODE_JOB_STUCK",
					message: `disk ${id} is not gone ${timeoutSeconds} seconds after its deletion`,
					hint: "see the Linode's events in the Cloud Manager",
				});
			await client.clock.sleep(2000, client.signal);
		}
	}
}

async function readDisk(
	client: Client,
	linode: number,
	id: number,
): Promise<Disk | undefined> {
	try {
		return await client.get(`${disksPath(linode)}/${id}`, diskAnswer);
	} catch (error) {
		if (isNotFound(error)) return undefined;
		throw error;
	}
}

export const disksPath = (linode: number): string =>
	`/linode/instances/${linode}/disks`;
