import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { followLines } from "./tail.ts";

it("gives the lines that come, and tells when another file takes the name", async () => {
	const folder = await mkdtemp(join(tmpdir(), "dock0-tail-"));
	const stop = new AbortController();
	const path = join(folder, "log");
	const lines = followLines(path, stop.signal);
	const next = async () => (await lines.next()).value;
	try {
		const first = next();
		await writeFile(path, "one\ntwo\nha");
		expect([await first, await next(), await next()]).toEqual([
			undefined,
			"one",
			"two",
		]);
		await appendFile(path, "lf\n");
		expect(await next()).toBe("half");
		// Longer than the one before, and often under the same inode number.
		await rm(path);
		await writeFile(path, "another\nfile\nthat is longer\n");
		expect([await next(), await next(), await next()]).toEqual([
			undefined,
			"another",
			"file",
		]);
	} finally {
		stop.abort();
		await rm(folder, { recursive: true, force: true });
	}
});
