import { lstat, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256File } from "../../system/files.ts";
import { removeTree } from "../../system/namespace.ts";
import { run } from "../../system/process.ts";
import {
	type CacheEntry,
	type EntryRecord,
	folderBytes,
	makeWorkFolder,
	putEntry,
} from "../cache.ts";
import { canonicalJson } from "../canonical.ts";
import type { Observer } from "../events.ts";
import type { KeyedStep } from "../key.ts";
import type { CacheRemote, RemoteEntry } from "./remote.ts";

/** What a build does with remotes. None of it can make a build fail. */
export interface SharedCache {
	/** Brings the entry of a step here from the first remote that has it; false when none does. */
	pull(step: KeyedStep): Promise<boolean>;
	/** Offers an entry that was made here to all remotes; see `finish`. */
	push(step: KeyedStep, entry: CacheEntry): void;
	/** Waits for what is still being pushed. */
	finish(): Promise<void>;
}

/**
 * A remote that fails is warned of once and then left alone for the rest of the build.
 * @param remotes.from asked in this order
 */
export function sharedCache(
	remotes: { from: readonly CacheRemote[]; to: readonly CacheRemote[] },
	{ observe, signal }: { observe: Observer; signal: AbortSignal },
): SharedCache {
	const broken = new Set<CacheRemote>();
	const pushes: Promise<void>[] = [];
	const attempt = async <Result>(
		remote: CacheRemote,
		work: () => Promise<Result>,
	): Promise<Result | undefined> => {
		if (broken.has(remote) || signal.aborted) return undefined;
		try {
			return await work();
		} catch (error) {
			if (!signal.aborted && !broken.has(remote))
				observe({
					type: "warning",
					message: `the shared cache ${remote.name} is not used any more: ${error instanceof Error ? error.message : String(error)}`,
				});
			broken.add(remote);
			return undefined;
		}
	};
	return {
		async pull(keyed) {
			for (const remote of remotes.from) {
				const pulled = await attempt(remote, async () => {
					const entry = await remote.find(keyed.key, signal);
					if (!entry) return false;
					await receive(remote, entry, keyed, signal);
					return true;
				});
				if (!pulled) continue;
				const { name: step, title } = keyed.step;
				observe({ type: "step:pulled", step, title, from: remote.name });
				return true;
			}
			return false;
		},
		push(keyed, entry) {
			if (remotes.to.length === 0) return;
			pushes.push(
				(async () => {
					const wanting: CacheRemote[] = [];
					for (const remote of remotes.to)
						await attempt(remote, async () => {
							if (!(await remote.find(keyed.key, signal))) wanting.push(remote);
						});
					if (wanting.length === 0) return;
					await send(wanting, attempt, keyed.key, entry, signal);
				})(),
			);
		},
		async finish() {
			await Promise.allSettled(pushes);
		},
	};
}

/** Everything is verified before it enters the cache: size and hash of the packed outputs, and whose they are. */
async function receive(
	remote: CacheRemote,
	entry: RemoteEntry,
	{ key, inputs, step }: KeyedStep,
	signal: AbortSignal,
): Promise<void> {
	const work = await makeWorkFolder(step.name);
	try {
		const blob = join(work, "blob");
		await remote.download(entry, blob, signal);
		if ((await lstat(blob)).size !== entry.bytes)
			throw new Error(
				`its outputs of ${step.name} have another size than it says`,
			);
		if ((await sha256File(blob)) !== entry.sha256)
			throw new Error(
				`its outputs of ${step.name} do not have the hash it says`,
			);
		const unpacked = join(work, "unpacked");
		await mkdir(unpacked);
		await run(
			"tar",
			[
				...["--extract", "--zstd", "--file", blob, "--directory", unpacked],
				...["--no-same-owner", "--preserve-permissions"],
			],
			{ signal },
		);
		const record = JSON.parse(
			await readFile(join(unpacked, "step.json"), "utf8"),
		) as EntryRecord;
		if (
			record.step !== step.name ||
			canonicalJson(record.inputs) !== canonicalJson(inputs)
		)
			throw new Error(`what it calls ${step.name} was made of other inputs`);
		for (const output of step.outputs)
			await lstat(join(unpacked, "out", output));
		await rm(blob);
		await putEntry(key, unpacked, {
			step: step.name,
			inputs,
			seconds: Number(record.seconds),
			bytes: await folderBytes(join(unpacked, "out")),
		});
	} finally {
		await removeTree(work);
	}
}

async function send(
	remotes: readonly CacheRemote[],
	attempt: (remote: CacheRemote, work: () => Promise<void>) => Promise<unknown>,
	key: string,
	entry: CacheEntry,
	signal: AbortSignal,
): Promise<void> {
	const work = await makeWorkFolder("push");
	try {
		const blob = join(work, "blob");
		await run(
			"tar",
			[
				...["--create", "--zstd", "--file", blob, "--sort=name"],
				...["--owner=0", "--group=0", "--numeric-owner"],
				...["--directory", join(entry.outputs, ".."), "step.json", "out"],
			],
			{ signal },
		);
		const described: RemoteEntry = {
			sha256: await sha256File(blob),
			bytes: (await lstat(blob)).size,
		};
		for (const remote of remotes)
			await attempt(remote, () => remote.publish(key, described, blob, signal));
	} finally {
		await removeTree(work);
	}
}
