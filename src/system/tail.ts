import { open, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** How often is looked for more: a person who watches does not notice it. */
const lookMilliseconds = 200;

/**
 * The lines of a file that another process may be writing, those of now and those that come; `undefined` stands
 * for the begin of another file under the same name. A file that is not there yet is waited for.
 * @param signal ends it.
 */
export async function* followLines(
	path: string,
	signal: AbortSignal,
): AsyncGenerator<string | undefined> {
	let file: string | undefined;
	let offset = 0;
	let rest = Buffer.alloc(0);
	while (!signal.aborted) {
		const now = await stat(path).catch(() => undefined);
		// The number of a removed file is often given to the next one, so its birth counts, too.
		const current = now && `${now.ino} ${now.birthtimeMs}`;
		if (now && (current !== file || now.size < offset)) {
			file = current;
			offset = 0;
			rest = Buffer.alloc(0);
			yield undefined;
		}
		if (now && now.size > offset) {
			const handle = await open(path).catch(() => undefined);
			const length = Math.min(now.size - offset, 1024 * 1024);
			const read = await handle
				?.read(Buffer.alloc(length), 0, length, offset)
				.finally(() => handle.close());
			offset += read?.bytesRead ?? 0;
			rest = Buffer.concat([
				rest,
				read?.buffer.subarray(0, read.bytesRead) ?? Buffer.alloc(0),
			]);
			for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
				yield rest.subarray(0, end).toString("utf8");
				rest = rest.subarray(end + 1);
			}
			if (offset < now.size) continue;
		}
		await sleep(lookMilliseconds, undefined, { signal }).catch(() => undefined);
	}
}
