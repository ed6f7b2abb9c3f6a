import { copyFile, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "../../system/files.ts";
import { type CacheRemote, parseRemoteEntry } from "./remote.ts";

/** A folder, e.g. on a share: `entries/KEY.json` and `blobs/SHA256.tar.zst`. */
export function directoryRemote(folder: string): CacheRemote {
	const record = (key: string): string =>
		join(folder, "entries", `${key}.json`);
	const blob = (sha256: string): string =>
		join(folder, "blobs", `${sha256}.tar.zst`);
	return {
		name: folder,
		async find(key) {
			try {
				return parseRemoteEntry(
					JSON.parse(await readFile(record(key), "utf8")),
				);
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code === "ENOENT")
					return undefined;
				throw error;
			}
		},
		download: ({ sha256 }, file) => copyFile(blob(sha256), file),
		async publish(key, entry, file) {
			const target = blob(entry.sha256);
			const temporary = `${target}.tmp-${process.pid}-${key.slice(0, 8)}`;
			await mkdir(join(folder, "blobs"), { recursive: true });
			try {
				await copyFile(file, temporary);
				await rename(temporary, target);
			} finally {
				await rm(temporary, { force: true });
			}
			await writeFileAtomically(record(key), JSON.stringify(entry));
		},
	};
}
