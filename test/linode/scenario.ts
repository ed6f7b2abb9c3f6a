import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Probe } from "../../src/deploy/health.ts";
import { journalFile, readJournal } from "../../src/deploy/journal.ts";
import { linodeProvider } from "../../src/deploy/linode/provider.ts";
import { chooseStrategy } from "../../src/deploy/linode/strategy.ts";
import {
	type DeployOptions,
	type DeployOutcome,
	deployHost,
} from "../../src/deploy/machine.ts";
import type { Artefact, Inspection } from "../../src/deploy/provider.ts";
import { deploySchema } from "../../src/deploy/schema.ts";
import { openStore, type Store } from "../../src/deploy/store.ts";
import { ExpectedError } from "../../src/system/errors.ts";
import { sha256 } from "../../src/system/files.ts";
import type { FakeLinode } from "./account.ts";
import { openBed, type TestBed } from "./bed.ts";
import { type ModelDriver, modelDriver } from "./model-driver.ts";
import { type BedClock, virtualClock } from "./virtual-clock.ts";

// Journals are written with fsync; in memory that costs nothing.
const scratch = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Where the image of the last deploy can be fetched. */
export const imageUrl = "http://images.example.org/web.img.gz";

/** A deploy was killed: nothing of it runs any more, not even its clean-up. */
export class Killed extends Error {
	override readonly name = "Killed";
}

export interface Scenario {
	bed: TestBed;
	driver: ModelDriver;
	clock: BedClock;
	store: Store;
	linode: FakeLinode;
	/** A neighbour that no deploy may touch. */
	other: FakeLinode;
	/** What the watch found wrong at any time. */
	violations: string[];
	plans: Inspection[];
	events: string[];
	artefact(content: string): Promise<Artefact>;
	deploy(options?: Attempt): Promise<DeployOutcome>;
	journal(host?: string): Promise<Awaited<ReturnType<typeof readJournal>>>;
	/** What is wrong with the account now that no deploy is under way; empty when all is well. */
	problems(): string[];
	close(): Promise<void>;
}

export interface Attempt {
	content?: string;
	host?: string;
	settings?: object;
	confirm?: DeployOptions["confirm"];
	dryRun?: boolean;
	abort?: boolean;
	/** The deploy is killed right after it has written its journal so often. */
	killAtWrite?: number;
	/** The deploy is killed when it makes this request (counted from 1), before or after it is applied. */
	killAtRequest?: { number: number; applied: boolean };
	signal?: AbortSignal;
}

/** A fake account with a stock Linode `web1`, a neighbour, and a project that deploys to the first. */
export async function openScenario(
	options: {
		diskTotal?: number;
		diskSize?: number;
		watchdog?: boolean;
		imageLimit?: number;
		scopes?: string;
	} = {},
): Promise<Scenario> {
	const folder = await mkdtemp(join(scratch, "dock0-deploy-"));
	const clock = virtualClock();
	const downloads = new Map<string, string>();
	const driver = modelDriver(undefined, { downloads, clock });
	const violations: string[] = [];
	const proven = (): boolean => driver.guest(linode.id)?.healthy === true;
	const bed = await openBed({
		clock,
		driver,
		...(options.imageLimit ? { imageLimit: options.imageLimit } : {}),
		...(options.scopes === undefined ? {} : { scopes: options.scopes }),
		watch: {
			configDeleted(of, config) {
				if (of !== linode) violations.push(`a profile of ${of.label} deleted`);
				if (
					config.id === of.booted &&
					!config.label.startsWith("dock0-maker") &&
					!proven()
				)
					violations.push("the only bootable profile deleted");
			},
			diskDeleted(of, disk) {
				if (of !== linode) violations.push(`a disk of ${of.label} deleted`);
				if (disk.label.startsWith("Debian") && !proven())
					violations.push("the old system deleted before the new was proven");
			},
		},
	});
	const linode = await bed.addStockLinode({
		label: "web1",
		...(options.diskTotal ? { diskTotal: options.diskTotal } : {}),
		...(options.diskSize ? { diskSize: options.diskSize } : {}),
		watchdog: options.watchdog ?? true,
	});
	const other = await bed.addStockLinode({ label: "web2", diskSize: 20_000 });
	const otherBefore = JSON.stringify(other);
	const store = await openStore(folder);
	const plans: Inspection[] = [];
	const events: string[] = [];
	const probe: Probe = async (_, address) => {
		const asked = bed.account.linodes.find(({ ipv4 }) => ipv4[0] === address);
		return asked && driver.guest(asked.id)?.healthy ? undefined : "no answer";
	};

	async function artefact(content: string): Promise<Artefact> {
		const packed = gzipSync(content);
		downloads.set(imageUrl, content);
		const file = join(folder, `${sha256(content).slice(0, 12)}.gz`);
		await writeFile(file, packed);
		return {
			file,
			sha256: sha256(packed),
			bytes: packed.length,
			diskBytes: 2000 * 1024 * 1024,
			diskSha256: sha256(content),
		};
	}

	async function deploy(attempt: Attempt = {}): Promise<DeployOutcome> {
		const host = attempt.host ?? "web1";
		const settings = deploySchema.parse({
			health: [{ tcp: 80 }],
			data: { size: "1G" },
			...attempt.settings,
		});
		let dead = false;
		let requests = 0;
		let writes = 0;
		const dying: typeof fetch = async (input, init) => {
			if (dead) throw new Killed("dead");
			requests++;
			const { killAtRequest } = attempt;
			if (killAtRequest?.number !== requests) return fetch(input, init);
			if (killAtRequest.applied) await fetch(input, init);
			dead = true;
			throw new Killed("killed at a request");
		};
		// A killed process does not wait, repeat or clean up either.
		const dyingClock: BedClock = {
			...clock,
			async sleep(milliseconds, signal) {
				if (dead) throw new Killed("dead");
				await clock.sleep(milliseconds, signal);
				if (dead) throw new Killed("dead");
			},
		};
		const controller = new AbortController();
		const signal = attempt.signal ?? controller.signal;
		const provider = linodeProvider({
			settings,
			host,
			strategy: chooseStrategy(
				settings,
				await artefact(attempt.content ?? "good 1"),
			),
			url: bed.url,
			token: bed.token,
			store,
			clock: dyingClock,
			signal,
			probe,
			onRetry: (text) => events.push(`retry ${text}`),
			fetch: dying,
			requestSeconds: 0.15,
		});
		try {
			return await deployHost({
				host,
				artefact: await artefact(attempt.content ?? "good 1"),
				provider,
				store,
				clock: dyingClock,
				signal,
				report: (event) => events.push(`${event.type} ${event.text}`),
				confirm:
					attempt.confirm ??
					(async (plan) => {
						plans.push(plan);
						return true;
					}),
				dryRun: attempt.dryRun ?? false,
				abort: attempt.abort ?? false,
				written() {
					if (dead) throw new Killed("dead");
					writes++;
					if (attempt.killAtWrite === writes) {
						dead = true;
						throw new Killed("killed after a journal entry");
					}
				},
			});
		} catch (error) {
			throw dead ? new Killed("killed") : error;
		}
	}

	function problems(): string[] {
		const found = [...violations];
		const guest = driver.guest(linode.id);
		if (JSON.stringify(other) !== otherBefore)
			found.push("the neighbour was changed");
		if (!guest?.healthy)
			found.push(`the Linode runs ${guest?.system ?? "nothing"}`);
		if (linode.watchdog_enabled !== (options.watchdog ?? true))
			found.push("the watchdog was not put back");
		for (const image of bed.account.images)
			found.push(`image ${image.label} (${image.status}) is left`);
		const used = new Set(
			linode.configs.flatMap(({ devices }) =>
				Object.values(devices).map((device) => device?.disk_id),
			),
		);
		for (const disk of linode.disks)
			if (!used.has(disk.id)) found.push(`disk ${disk.label} is an orphan`);
		for (const config of linode.configs)
			for (const device of Object.values(config.devices))
				if (
					device?.disk_id &&
					!linode.disks.some(({ id }) => id === device.disk_id)
				)
					found.push(`profile ${config.label} has no disk ${device.disk_id}`);
		if (!linode.disks.some(({ label }) => label.startsWith("Debian")))
			found.push("the old disk is gone");
		return found;
	}

	return {
		bed,
		driver,
		clock,
		store,
		linode,
		other,
		violations,
		plans,
		events,
		artefact,
		deploy,
		journal: (host = "web1") => readJournal(journalFile(store.folder, host)),
		problems,
		async close() {
			await bed.close();
			await rm(folder, { recursive: true, force: true });
		},
	};
}

/** The code of an expected error, or the name of another. */
export async function failure(work: Promise<unknown>): Promise<string> {
	try {
		await work;
		return "none";
	} catch (error) {
		if (error instanceof ExpectedError) return error.code;
		return error instanceof Error ? error.name : String(error);
	}
}
