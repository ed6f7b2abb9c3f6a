import { stepFailure } from "../../system/errors.ts";
import type { Journal } from "../journal.ts";
import { type Event, emptyAnswer, eventAnswer } from "./answers.ts";
import { type Client, UnsureError } from "./client.ts";

/** How long after an action its event may be missing. */
const eventLagMs = 60_000;

/** Actions that boot a Linode differ in name with what it did before. */
const boots = ["linode_boot", "linode_reboot"];

interface Job {
	linode: number;
	/** In the journal. */
	name: string;
	/** Below the Linode's path, e.g. `reboot`. */
	action: "boot" | "reboot" | "shutdown" | `disks/${number}/resize`;
	body?: object;
	timeoutSeconds: number;
	/** How often a job that failed is started again. Default 1. */
	repeats?: number;
}

/**
 * Does an action of a Linode and waits until its job has ended. The API answers an action with `{}`, so the
 * job is found as the first new event of its kind. The newest event of before is in the journal, so that
 * after a crash or a lost answer the job is found instead of being started twice.
 * @throws ExpectedError LINODE_JOB_FAILED, LINODE_JOB_STUCK.
 */
export async function runJob(
	client: Client,
	journal: Journal,
	job: Job,
): Promise<void> {
	await journal.once(job.name, async () => {
		for (let repeat = 0; ; repeat++) {
			const before = `${job.name}-after-${repeat}`;
			const fresh = !(before in journal.record.results);
			const last = await journal.once(before, () =>
				newestEvent(client, job.linode),
			);
			const event = await startJob(client, job, last, fresh);
			const ended = await followEvent(client, event, job.timeoutSeconds);
			if (ended.status !== "failed") return ended.id;
			if (repeat >= (job.repeats ?? 1))
				throw stepFailure({
					code: "LINODE_JOB_FAILED",
					message: `the job ${ended.action} of Linode ${job.linode} failed${ended.message ? `: ${ended.message}` : ""}`,
				});
		}
	});
}

async function startJob(
	client: Client,
	job: Job,
	after: number,
	fresh: boolean,
): Promise<Event> {
	const kinds = eventsOf(job.action);
	if (!fresh) {
		const started = await findEvent(client, job.linode, kinds, after, 10_000);
		if (started) return started;
	}
	for (let count = 1; ; count++) {
		try {
			await client.post(
				`/linode/instances/${job.linode}/${job.action}`,
				job.body ?? {},
				emptyAnswer,
			);
		} catch (error) {
			if (!(error instanceof UnsureError)) throw error;
		}
		const event = await findEvent(client, job.linode, kinds, after, eventLagMs);
		if (event) return event;
		if (count >= 3)
			throw stepFailure({
				code: "LINODE_JOB_STUCK",
				message: `Linode ${job.linode} did not begin to ${job.action}`,
				hint: "see its events in the Cloud Manager",
			});
	}
}

function eventsOf(action: Job["action"]): readonly string[] {
	if (action === "shutdown") return ["linode_shutdown"];
	return action.startsWith("disks/") ? ["disk_resize"] : boots;
}

const ofLinode = (linode: number): object[] => [
	{ "entity.type": "linode" },
	{ "entity.id": linode },
];

/** The number of the newest event of a Linode; 0 when it has none. */
async function newestEvent(client: Client, linode: number): Promise<number> {
	const events = await client.list("/account/events", eventAnswer, {
		"+and": ofLinode(linode),
		"+order_by": "id",
		"+order": "desc",
	});
	return Math.max(0, ...events.map(({ id }) => id));
}

/** The events of a Linode, the newest first. */
export function eventsOfLinode(
	client: Client,
	linode: number,
): Promise<Event[]> {
	return client.list("/account/events", eventAnswer, {
		"+and": ofLinode(linode),
		"+order_by": "id",
		"+order": "desc",
	});
}

async function findEvent(
	client: Client,
	linode: number,
	kinds: readonly string[],
	after: number,
	patienceMs: number,
): Promise<Event | undefined> {
	const deadline = client.clock.now() + patienceMs;
	for (;;) {
		const events = await client.list("/account/events", eventAnswer, {
			"+and": [...ofLinode(linode), { id: { "+gt": after } }],
			"+order_by": "id",
			"+order": "asc",
		});
		// The filter is the API's business; what it lets through is looked at again.
		const found = events
			.filter(
				(event) =>
					event.id > after &&
					kinds.includes(event.action) &&
					Number(event.entity?.id) === linode,
			)
			.sort((a, b) => a.id - b.id)[0];
		if (found || client.clock.now() >= deadline) return found;
		await client.clock.sleep(2000, client.signal);
	}
}

/** Waits until an event has come to its end; asks a single object, which may be asked often. */
async function followEvent(
	client: Client,
	first: Event,
	timeoutSeconds: number,
): Promise<Event> {
	const deadline = client.clock.now() + timeoutSeconds * 1000;
	let event = first;
	let pause = 1000;
	while (["scheduled", "started"].includes(event.status)) {
		if (client.clock.now() >= deadline)
			throw stepFailure({
				code: "LINODE_JOB_STUCK",
				message: `the job ${event.action} (event ${event.id}) has not ended after ${timeoutSeconds} seconds`,
				hint: "see it in the Cloud Manager; when it never ends, ask Linode's support",
			});
		await client.clock.sleep(pause, client.signal);
		pause = Math.min(pause * 1.5, 10_000);
		event = await client.get(`/account/events/${event.id}`, eventAnswer);
	}
	return event;
}
