import {
	access,
	mkdtemp,
	readFile,
	realpath,
	rm,
	utimes,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sha256 } from "../system/files.ts";
import { keptReleases, pruneReleases, publishFolder } from "./folder.ts";

let folder: string;
let ticks = 0;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-folder-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function publish(content: string, keep: number): Promise<void> {
	const source = join(folder, "source");
	await writeFile(source, content);
	await publishFolder(
		join(folder, "build/web1"),
		{
			files: { file: source },
			bytes: { sig: Buffer.from("s") },
			key: sha256(content),
		},
		keep,
	);
	await rm(source);
	// Builds are not made within one tick of the kernel's clock; these here would be.
	ticks += 1;
	await utimes(await realpath(join(folder, "build/web1")), ticks, ticks);
}

it("publishing keeps the newest releases and names the last one", async () => {
	for (const content of ["one", "two", "three"]) await publish(content, 2);
	const path = join(folder, "build/web1");
	expect(await readFile(join(path, "file"), "utf8")).toBe("three");
	expect(await readFile(join(path, "sig"), "utf8")).toBe("s");
	const kept = await keptReleases(path);
	expect(kept.map(({ current }) => current)).toEqual([true, false]);
	expect(kept[1]?.folder).toContain(sha256("two").slice(0, 16));
});

it("pruning never removes the current release, nor another project's", async () => {
	const path = join(folder, "build/web1");
	for (const content of ["one", "two", "one"]) await publish(content, 9);
	await writeFile(join(folder, "build/.web1-site"), "");
	expect(await pruneReleases(path, 1)).toHaveLength(1);
	expect(await readFile(join(path, "file"), "utf8")).toBe("one");
	await access(join(folder, "build/.web1-site"));
});
