import { basename, extname, join } from "node:path";
import { type Lock, lockRequest, lockSchema } from "../rootfs/lock.ts";
import { ExpectedError } from "../system/errors.ts";
import { readTextIfThere } from "../system/files.ts";
import type { Project } from "./project.ts";

/** Where a project's lock lies: beside its last layer, `dock0.lock` for dock0.yaml, `web1.lock` for web1.yaml. */
export function lockFile(project: Pick<Project, "identity">): string {
	const last = project.identity.split("\n").at(-1) ?? "";
	return join(last, "..", `${basename(last, extname(last))}.lock`);
}

/**
 * The project's lock; undefined when it has none.
 * @throws ExpectedError (exit code 2) when the file is no lock.
 */
export async function readLock(
	project: Pick<Project, "identity">,
): Promise<Lock | undefined> {
	const file = lockFile(project);
	const text = await readTextIfThere(file);
	if (text === undefined) return undefined;
	try {
		return lockSchema.parse(JSON.parse(text));
	} catch (error) {
		throw new ExpectedError(
			{
				code: "LOCK_FILE_INVALID",
				message: `${file} is no lock that this dock0 can read`,
				hint: "a merge may have damaged it; make a new one: dock0 lock --update",
			},
			{ cause: error },
		);
	}
}

/** In words, what the config asks for and the lock was not made for; empty when they agree. Pure. */
export function staleness(project: Project, lock: Lock): string[] {
	const { packages: wanted, ...rest } = lockRequest(
		project.config.value.rootfs,
	);
	const { packages: locked, ...lockedRest } = lock.request;
	const names = Object.keys({
		...rest,
		...lockedRest,
	}) as (keyof typeof rest)[];
	return [
		...wanted
			.filter((name) => !locked.includes(name))
			.map((name) => `added ${name}`),
		...locked
			.filter((name) => !wanted.includes(name))
			.map((name) => `removed ${name}`),
		...names
			.filter((name) => rest[name] !== lockedRest[name])
			.map((name) => `${name} ${lockedRest[name]} -> ${rest[name]}`),
	];
}

/** @throws ExpectedError (LOCK_FILE_STALE, exit code 2) when the config asks for something else. */
export function requireFresh(project: Project, lock: Lock): void {
	const changes = staleness(project, lock);
	if (changes.length === 0) return;
	throw new ExpectedError({
		code: "LOCK_FILE_STALE",
		message: `${lockFile(project)} was made for another config: ${changes.slice(0, 8).join(", ")}`,
		hint: "make it anew: dock0 lock",
	});
}
