import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { withCacheLock } from "../plan/cache-lock.ts";
import type { Observer } from "../plan/events.ts";
import { type KeyedStep, keySteps } from "../plan/key.ts";
import { defineStep } from "../plan/step.ts";
import type { PackageOrigin } from "../rootfs/backend.ts";
import { backendFor } from "../rootfs/backends.ts";
import { fetchFromHost } from "../rootfs/debian/fetch.ts";
import { hostSources } from "../rootfs/debian/sources.ts";
import {
	allFiles,
	compareLocks,
	fileOf,
	formatLock,
	type Lock,
	lockRequest,
} from "../rootfs/lock.ts";
import { linkOrCopy, poolName } from "../rootfs/locked-files.ts";
import { interruptSignal } from "../system/cleanup.ts";
import { sha256File, writeFileAtomically } from "../system/files.ts";
import { lockFile, readLock, staleness } from "./lock-file.ts";
import { originsFile, type UnpackedOrigins } from "./package-source.ts";
import { refreshStamp, renewStamp } from "./packages-stamp.ts";
import type { Project } from "./project.ts";
import { recordRun } from "./run-record.ts";
import { runSteps } from "./run-steps.ts";
import { releaseSteps } from "./steps.ts";

export interface LockOptions {
	observe: Observer;
	/** Look for newer packages, also when the lock is as the config wants it. */
	update?: boolean;
	/** Folder to fill with the packages' files; counts from where the command was started. */
	pool?: string | undefined;
}

export interface LockResult {
	file: string;
	packages: number;
	/** In words, what is other than in the lock before. */
	changes: string[];
	/** How many files the pool holds of this lock. */
	pooled?: number;
}

/**
 * Locks a project's packages: those that its builds take now, or with `update` the newest.
 * @throws ExpectedError when a package cannot be had.
 */
export function lockProject(
	project: Project,
	options: LockOptions,
): Promise<LockResult> {
	return recordRun(project.name, "build", () => makeLock(project, options));
}

function makeLock(project: Project, options: LockOptions): Promise<LockResult> {
	const signal = interruptSignal();
	return withCacheLock(
		"shared",
		async () => {
			const before = await readLock(project).catch((error: unknown) => {
				if (options.update) return undefined;
				throw error;
			});
			const keep =
				before && !options.update && staleness(project, before).length === 0;
			if (options.update) await renewStamp(project);
			const lock = keep ? before : await resolveLock(project, options, signal);
			const file = lockFile(project);
			if (!keep) await writeFileAtomically(file, formatLock(lock));
			return {
				file,
				packages: allFiles(lock).length,
				changes: compareLocks(before, lock),
				...(options.pool === undefined
					? {}
					: { pooled: await fillPool(project, lock, options, signal) }),
			};
		},
		{ signal },
	);
}

/** Installs and unpacks as a build does, so that the lock is what a build takes, and no other solver's idea of it. */
async function resolveLock(
	project: Project,
	{ observe }: LockOptions,
	signal: AbortSignal,
): Promise<Lock> {
	const { manifest, kernel, initramfs, root, packages } = await releaseSteps(
		project,
		await refreshStamp(project),
	);
	const all = await keySteps([manifest, kernel, initramfs, root]);
	const downloading = all.map(({ step }) => step).filter(takesPackages);
	const keyed = await keySteps(downloading);
	const output = await runSteps(project, keyed, { observe, signal });
	const lock: Lock = {
		format: 1,
		request: lockRequest(project.config.value.rootfs),
		root: [],
		unpacked: {},
		host: {},
	};
	for (const step of downloading) {
		const origins = JSON.parse(
			await readFile(output(step, originsFile), "utf8"),
		) as PackageOrigin[] | UnpackedOrigins;
		if (step.name === packages.name)
			lock.root = (origins as PackageOrigin[]).map(fileOf);
		else
			for (const [name, list] of Object.entries(origins as UnpackedOrigins))
				lock[isHost(step) ? "host" : "unpacked"][name] = list.map(fileOf);
	}
	return lock;
}

type AnyStep = KeyedStep["step"];

/** Steps whose packages move with the mirrors; see packages-stamp.ts. */
function takesPackages({ inputs }: AnyStep): boolean {
	return inputs.values?.refresh !== undefined;
}

/** See host-packages.ts. */
function isHost({ inputs }: AnyStep): boolean {
	return inputs.values?.aptVersions !== undefined;
}

async function fillPool(
	project: Project,
	lock: Lock,
	{ pool = "", observe }: LockOptions,
	signal: AbortSignal,
): Promise<number> {
	const { rootfs } = project.config.value;
	const folder = resolve(project.startedIn, pool);
	const backend = backendFor(rootfs);
	const { host, ...rest } = lock;
	const own = allFiles({ ...rest, host: {} });
	const hosts = Object.values(host).flat();
	await mkdir(folder, { recursive: true });
	const step = defineStep({
		name: "lock/pool",
		title: "collecting the files of locked packages",
		version: 1,
		needs: {},
		// The pool may have lost files since, so the work is never taken from the cache.
		inputs: { values: { folder, now: `${process.pid} ${Date.now()}` } },
		outputs: [],
		async run(context) {
			const files = [
				...(await backend.fetch(context, rootfs, own)),
				...(await fetchFromHost(context, hostSources(), rootfs.pool, hosts)),
			];
			for (const [at, one] of [...own, ...hosts].entries()) {
				const target = join(folder, poolName(one));
				const there = await sha256File(target).catch(() => undefined);
				if (there === one.sha256) continue;
				await linkOrCopy(files[at] ?? "", target);
			}
		},
	});
	await runSteps(project, await keySteps([step]), { observe, signal });
	return new Set([...own, ...hosts].map(poolName)).size;
}
