import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import { writeFileAtomically } from "../system/files.ts";
import { acquireLock, type Lock } from "../system/lock.ts";
import { type JournalRecord, readJournal } from "./journal.ts";

/** Where a project remembers its deploys: `.dock0/deploy` beside its first layer. */
export interface Store {
	readonly folder: string;
	/** A word that marks what this project uploads, so that it never removes what others did. */
	owner(): Promise<string>;
	/** What the last deploy of each host wrote. */
	records(): Promise<JournalRecord[]>;
	/** One deploy of a host at a time. @throws ExpectedError DEPLOY_BUSY at once. */
	lockHost(host: string): Promise<Lock>;
	/** One upload of the same content at a time; waits. */
	lockImage(sha256: string, signal: AbortSignal): Promise<Lock>;
}

/** The folder of a project's journals, beside its first layer; may not be there yet. */
export function deployFolder(projectFolder: string): string {
	return join(projectFolder, ".dock0", "deploy");
}

export async function openStore(projectFolder: string): Promise<Store> {
	const folder = deployFolder(projectFolder);
	await mkdir(folder, { recursive: true, mode: 0o700 });
	const ignore = join(projectFolder, ".dock0", ".gitignore");
	await writeFileAtomically(ignore, "*\n");
	return {
		folder,
		async owner() {
			const file = join(folder, "owner");
			const known = await readFile(file, "utf8").catch(() => "");
			if (known) return known.trim();
			const lock = await acquireLock(`${file}.lock`);
			try {
				const found = await readFile(file, "utf8").catch(() => "");
				if (found) return found.trim();
				const fresh = randomBytes(6).toString("hex");
				await writeFileAtomically(file, `${fresh}\n`);
				return fresh;
			} finally {
				await lock.release();
			}
		},
		async records() {
			const files = (await readdir(folder)).filter((name) =>
				name.endsWith(".json"),
			);
			const records = await Promise.all(
				files.map((name) => readJournal(join(folder, name))),
			);
			return records.filter((record) => record !== undefined);
		},
		async lockHost(host) {
			try {
				return await acquireLock(join(folder, `${host}.lock`), {
					timeoutSeconds: 0,
				});
			} catch (error) {
				if (!(error instanceof ExpectedError) || error.code !== "LOCK_BUSY")
					throw error;
				throw new ExpectedError(
					{
						code: "DEPLOY_BUSY",
						message: `another dock0 is deploying ${host} right now`,
						hint: "wait until it has ended",
					},
					{ exitCode: 1, cause: error },
				);
			}
		},
		lockImage: (sha256, signal) =>
			acquireLock(join(folder, `image-${sha256.slice(0, 32)}.lock`), {
				signal,
				timeoutSeconds: 24 * 3600,
			}),
	};
}
