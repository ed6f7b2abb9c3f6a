import type { Clock } from "../system/clock.ts";
import { ExpectedError } from "../system/errors.ts";
import { isResumable, rolledBack, unfinished } from "./failures.ts";
import {
	type Journal,
	type JournalRecord,
	journalFile,
	newRecord,
	openJournal,
	readJournal,
} from "./journal.ts";
import type {
	Artefact,
	DeployEvent,
	DeployRun,
	Inspection,
	Provider,
} from "./provider.ts";
import type { Store } from "./store.ts";

export interface DeployOptions {
	host: string;
	artefact: Artefact;
	provider: Provider;
	store: Store;
	clock: Clock;
	signal: AbortSignal;
	report: (event: DeployEvent) => void;
	/** Asked before anything is changed; never for a deploy that goes on. */
	confirm: (plan: Inspection) => Promise<boolean>;
	/** Show the plan and stop. */
	dryRun?: boolean;
	/** Undo an unfinished deploy instead of going on. */
	abort?: boolean;
	/** Whether a host that has not begun yet will need the image with this content. */
	imageWanted?: (sha256: string) => boolean;
	/** Told after each journal entry that is on disk. */
	written?: () => void;
}

export interface DeployOutcome {
	host: string;
	outcome: "healthy" | "planned" | "declined" | "undone";
	plan?: Inspection;
}

/**
 * Deploys one host: stage, switch, verify, keep; or roll back. Each phase is in the journal before it
 * begins, and an unfinished journal is gone on with, so that this may be called again after any failure.
 * @throws ExpectedError: DEPLOY_BUSY, DEPLOY_ROLLED_BACK, or what stopped it halfway.
 */
export async function deployHost(
	options: DeployOptions,
): Promise<DeployOutcome> {
	const lock = await options.store.lockHost(options.host);
	try {
		return await deployLocked(options);
	} finally {
		await lock.release();
	}
}

async function deployLocked(options: DeployOptions): Promise<DeployOutcome> {
	const { host, provider, artefact } = options;
	const file = journalFile(options.store.folder, host);
	const last = await readJournal(file);
	await provider.check();
	if (last && isUnfinished(last)) {
		requireSameProvider(last, provider);
		if (options.dryRun)
			return { host, outcome: "planned", plan: resumption(last) };
		const run = runOf(options, openJournal(file, last, options.written));
		const same = last.image.sha256 === artefact.sha256;
		if (options.abort || (!same && isBeforeSwitch(last))) {
			await guarded(run, provider, () =>
				rollBack(run, provider, options.abort ? "aborted" : "a newer image"),
			);
			if (options.abort) return { host, outcome: "undone" };
		} else {
			run.report({
				type: "note",
				text: `going on with deploy ${last.id}, begun ${last.started}`,
			});
			await guarded(run, provider, () => proceed(run, provider));
			// What it was about is done; when the image is another by now, that one follows.
			if (same) return { host, outcome: "healthy" };
		}
	} else if (options.abort)
		throw new ExpectedError({
			code: "DEPLOY_NOTHING_TO_UNDO",
			message: `no deploy of ${host} is unfinished`,
		});
	const record = newRecord({
		host,
		provider: provider.name,
		strategy: provider.strategy,
		image: {
			sha256: artefact.sha256,
			bytes: artefact.bytes,
			diskBytes: artefact.diskBytes,
		},
		started: new Date(options.clock.now()).toISOString(),
	});
	const run = runOf(options, openJournal(file, record, options.written));
	const server = await provider.find();
	if (!server && provider.creation() === undefined)
		throw new ExpectedError({
			code: "DEPLOY_NO_SERVER",
			message: `there is no server for ${host}`,
			hint: "check deploy.linode.label, id or tag, or let dock0 make one by deploy.linode.create; dock0 explain deploy.linode.label tells who set it",
		});
	const plan = await provider.inspect(run, server);
	if (options.dryRun) return { host, outcome: "planned", plan };
	if (!(await options.confirm(plan)))
		return { host, outcome: "declined", plan };
	await guarded(run, provider, async () => {
		await run.journal.update({ phase: "planned", before: plan.before });
		await proceed(run, provider);
	});
	return { host, outcome: "healthy", plan };
}

/** From wherever the journal stands to the end. */
async function proceed(run: DeployRun, provider: Provider): Promise<void> {
	const { journal } = run;
	const phase = (): JournalRecord["phase"] => journal.record.phase;
	if (phase() === "rollback") {
		await rollBack(run, provider, journal.record.reason ?? "");
		throw rolledBack(run.host, journal.record.reason ?? "");
	}
	try {
		if (phase() === "planned") {
			await journal.once("server", async () => {
				const server = (await provider.find()) ?? (await provider.create(run));
				if (journal.record.before === null || isCreated(journal)) {
					const { before } = await provider.inspect(run, server);
					await journal.update({ before });
				}
				return server;
			});
			await journal.update({ phase: "stage" });
		}
		if (phase() === "stage") {
			await provider.stage(run);
			await journal.update({ phase: "switch" });
		}
		if (phase() === "switch") {
			await provider.switch(run);
			await journal.update({ phase: "verify" });
		}
		if (phase() === "verify") {
			await provider.verify(run);
			await journal.update({ phase: "keep" });
		}
	} catch (error) {
		if (isResumable(error)) throw error;
		const reason = error instanceof Error ? error.message : String(error);
		await rollBack(run, provider, reason);
		throw rolledBack(run.host, reason);
	}
	await provider.keep(run);
	await journal.update({
		phase: "done",
		outcome: "healthy",
		ended: new Date(run.clock.now()).toISOString(),
	});
}

async function rollBack(
	run: DeployRun,
	provider: Provider,
	reason: string,
): Promise<void> {
	run.report({ type: "step", text: `rolling back: ${reason}` });
	await run.journal.update({ phase: "rollback", reason });
	await provider.rollback(run);
	await run.journal.update({
		phase: "done",
		outcome: "rolled-back",
		ended: new Date(run.clock.now()).toISOString(),
	});
}

/** Runs `work`; when it stops halfway, what should not stay so is put back, and the person told how to go on. */
async function guarded(
	run: DeployRun,
	provider: Provider,
	work: () => Promise<void>,
): Promise<void> {
	try {
		await work();
	} catch (error) {
		if (run.journal.record.phase === "done") throw error;
		await provider.pause(run).catch(() => undefined);
		throw unfinished(run.host, error);
	}
}

function isCreated(journal: Journal): boolean {
	return "created" in journal.record.results;
}

export function isUnfinished(record: JournalRecord): boolean {
	return record.phase !== "done";
}

function isBeforeSwitch(record: JournalRecord): boolean {
	return record.phase === "planned" || record.phase === "stage";
}

function requireSameProvider(record: JournalRecord, provider: Provider): void {
	if (
		record.provider === provider.name &&
		record.strategy === provider.strategy
	)
		return;
	throw new ExpectedError({
		code: "DEPLOY_OTHER_STRATEGY",
		message: `the unfinished deploy of ${record.host} is one of ${record.provider} by ${record.strategy}, but the config now says ${provider.name} by ${provider.strategy}`,
		hint: "set them back until it is finished or undone (dock0 deploy --abort)",
	});
}

function resumption(record: JournalRecord): Inspection {
	return {
		server: record.host,
		actions: [
			`go on with deploy ${record.id}, begun ${record.started}, in its phase '${record.phase}'`,
		],
		losses: [],
		before: record.before,
	};
}

function runOf(options: DeployOptions, journal: Journal): DeployRun {
	const { host, artefact, clock, signal, store } = options;
	return {
		host,
		journal,
		artefact,
		clock,
		signal,
		report: (event) => options.report({ host, ...event }),
		async imageNeeded(sha256) {
			if (options.imageWanted?.(sha256)) return true;
			const records = await store.records();
			return records.some(
				(record) =>
					record.host !== host &&
					isUnfinished(record) &&
					!("image-released" in record.results) &&
					record.image.sha256 === sha256,
			);
		},
	};
}
