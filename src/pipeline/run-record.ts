import { AsyncLocalStorage } from "node:async_hooks";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { environment } from "../system/environment.ts";
import { readTextIfThere } from "../system/files.ts";
import {
	isRunning,
	ownIdentity,
	type ProcessIdentity,
} from "../system/process-identity.ts";
import { maskSecrets } from "../system/secrets.ts";

/** What is recorded: the steps of a build, or what a deploy does to a server. */
export type RunKind = "build" | "deploy";

/** First line of a record; between it and the last one stand the events of the run, one JSON object a line. */
interface RunBegin {
	type: "begin";
	by: ProcessIdentity;
	/** ISO 8601 */
	at: string;
}

interface RunEnd {
	type: "end";
	at: string;
	ok: boolean;
	/** Why not. */
	message?: string;
}

export interface RunSummary {
	state: "running" | "done" | "failed" | "broken-off";
	started: string;
	ended?: string;
	message?: string;
}

/** Where the last run of a project is recorded. */
export function runRecordFile(project: string, kind: RunKind): string {
	return join(environment().cacheDir, "logs", project, `${kind}.jsonl`);
}

type Write = (event: object) => void;

/** What writes into the record of each project, for all that is called from inside its run. */
const openRecords = new AsyncLocalStorage<ReadonlyMap<string, Write>>();

/**
 * Does `work` and records the events that it tells, so that others can watch it (`dock0 ui`), also while it runs.
 * A run inside another of the same project joins that one's record, so that a command of several runs has one:
 * whoever calls `recordRun` around the whole decides what it is called and when it ends.
 * @param work is given what writes an event.
 */
export async function recordRun<Result>(
	project: string,
	kind: RunKind,
	work: (record: Write) => Promise<Result>,
): Promise<Result> {
	const around = openRecords.getStore();
	const joined = around?.get(project);
	if (joined) return work(joined);
	const { write, end } = await beginRecord(runRecordFile(project, kind));
	try {
		const result = await openRecords.run(
			new Map([...(around ?? []), [project, write]]),
			() => work(write),
		);
		await end({ ok: true });
		return result;
	} catch (error) {
		const message = error instanceof Error ? error.message : String(error);
		await end({ ok: false, message });
		throw error;
	}
}

async function beginRecord(file: string): Promise<{
	write: Write;
	end: (outcome: Pick<RunEnd, "ok" | "message">) => Promise<void>;
}> {
	await mkdir(dirname(file), { recursive: true });
	// Another file, so that who follows the one before does not mix the two.
	await rm(file, { force: true });
	const stream = createWriteStream(file, { mode: 0o600 });
	// A full disk is told by the steps themselves.
	stream.on("error", () => undefined);
	const write: Write = (event) => {
		stream.write(`${maskSecrets(JSON.stringify(event))}\n`);
	};
	const begin: RunBegin = {
		type: "begin",
		by: ownIdentity(),
		at: new Date().toISOString(),
	};
	write(begin);
	return {
		write,
		end(outcome) {
			write({ type: "end", at: new Date().toISOString(), ...outcome });
			return new Promise((resolve) => {
				if (stream.destroyed) resolve();
				else stream.end(() => resolve()).once("error", () => resolve());
			});
		},
	};
}

/** How the last run went; undefined when there was none. */
export async function lastRun(
	project: string,
	kind: RunKind,
): Promise<RunSummary | undefined> {
	const text = await readTextIfThere(runRecordFile(project, kind));
	const lines = text?.trimEnd().split("\n") ?? [];
	const begin = parse(lines[0]) as RunBegin | undefined;
	if (begin?.type !== "begin") return undefined;
	const end = parse(lines.at(-1)) as RunEnd | undefined;
	if (end?.type !== "end")
		return {
			state: isRunning(begin.by) ? "running" : "broken-off",
			started: begin.at,
		};
	return {
		state: end.ok ? "done" : "failed",
		started: begin.at,
		ended: end.at,
		...(end.message === undefined ? {} : { message: end.message }),
	};
}

function parse(line: string | undefined): unknown {
	try {
		return JSON.parse(line ?? "");
	} catch {
		return undefined;
	}
}
