import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { readTextIfThere, writeFileAtomically } from "../../system/files.ts";
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
			const text = await readTextIfThere(record(key));
			return text === undefined
				? undefined
				: parseRemoteEntry(JSON.parse(text));
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
