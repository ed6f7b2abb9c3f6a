import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { ExpectedError } from "../system/errors.ts";
import { readTextIfThere, writeFileAtomically } from "../system/files.ts";

const phases = [
	"planned",
	"stage",
	"switch",
	"verify",
	"keep",
	"rollback",
	"done",
] as const;

const recordSchema = z.object({
	format: z.literal(1),
	/** Part of the name of everything that this deploy makes. */
	id: z.string(),
	host: z.string(),
	provider: z.string(),
	strategy: z.string(),
	phase: z.enum(phases),
	image: z.object({
		sha256: z.string(),
		/** Of the gzipped file, and of the disk inside. */
		bytes: z.number(),
		diskBytes: z.number(),
	}),
	/** What the provider found before anything was changed. */
	before: z.unknown(),
	/** What each finished step gave. */
	results: z.record(z.string(), z.unknown()),
	/** What happened, in the end. */
	outcome: z.enum(["healthy", "rolled-back"]).optional(),
	reason: z.string().optional(),
	started: z.string(),
	ended: z.string().optional(),
});

export type JournalRecord = z.infer<typeof recordSchema>;

/** What a deploy has done so far, on disk before the next thing is done. */
export interface Journal {
	readonly record: Readonly<JournalRecord>;
	/** Changes the record and returns once it is on disk. */
	update(change: Partial<JournalRecord>): Promise<void>;
	/**
	 * Gives the recorded result of step `name`, or does `work`, records its result and gives it. After a crash
	 * between the two, `work` runs again, so it has to look whether it was done already.
	 */
	once<Result>(name: string, work: () => Promise<Result>): Promise<Result>;
	/** Removes a record, so that its step is done again. */
	forget(name: string): Promise<void>;
}

export function journalFile(folder: string, host: string): string {
	return join(folder, `${host}.json`);
}

/** A record of a deploy that has done nothing yet. */
export function newRecord(
	start: Pick<
		JournalRecord,
		"host" | "provider" | "strategy" | "image" | "started"
	> & { id?: string },
): JournalRecord {
	return {
		format: 1,
		id: randomBytes(4).toString("hex"),
		phase: "planned",
		before: null,
		results: {},
		...start,
	};
}

/**
 * Reads what the last deploy of a host wrote.
 * @returns undefined when there was none.
 * @throws ExpectedError (exit code 2) when the file is damaged.
 */
export async function readJournal(
	file: string,
): Promise<JournalRecord | undefined> {
	const text = await readTextIfThere(file);
	if (text === undefined) return undefined;
	try {
		return recordSchema.parse(JSON.parse(text));
	} catch (error) {
		throw new ExpectedError(
			{
				code: "DEPLOY_JOURNAL_DAMAGED",
				message: `${file} is no journal of a deploy that this version of dock0 can read`,
				hint: "look in it for the numbers of disks and profiles that may be left over, then remove it",
			},
			{ cause: error },
		);
	}
}

/** The journal of a deploy that goes on from `record`; `written` is told after each change that is on disk. */
export function openJournal(
	file: string,
	record: JournalRecord,
	written: () => void = () => undefined,
): Journal {
	let current = record;
	let queue: Promise<void> = Promise.resolve();
	const update = (change: Partial<JournalRecord>): Promise<void> => {
		current = { ...current, ...change };
		const text = `${JSON.stringify(current, undefined, "\t")}\n`;
		queue = queue.then(async () => {
			await writeRecord(file, text);
			written();
		});
		return queue;
	};
	return {
		get record() {
			return current;
		},
		update,
		async once<Result>(name: string, work: () => Promise<Result>) {
			if (name in current.results) return current.results[name] as Result;
			const result = await work();
			await update({
				results: { ...current.results, [name]: result ?? null },
			});
			return result;
		},
		async forget(name) {
			const { [name]: _, ...results } = current.results;
			await update({ results });
		},
	};
}

/** Only its owner may look: the records tell of the provider's account. */
async function writeRecord(file: string, text: string): Promise<void> {
	await mkdir(dirname(file), { recursive: true, mode: 0o700 });
	await writeFileAtomically(file, text, { mode: 0o600, durable: true });
}
