import {
	appendFile,
	chmod,
	link,
	mkdir,
	mkdtemp,
	rename,
	rm,
	rmdir,
	utimes,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { changesSince, takeSnapshot } from "./changes.ts";

let folder: string;
let tree: string;
const at = (path: string): string => join(tree, path);
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-changes-"));
	tree = join(folder, "tree");
	await mkdir(at("etc/old"), { recursive: true });
	await mkdir(at("usr"));
	await writeFile(at("etc/a"), "one");
	await writeFile(at("etc/b"), "two");
	await writeFile(at("usr/c"), "three");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function changesBy(change: () => Promise<unknown>) {
	const before = await takeSnapshot(tree, join(folder, "probe"));
	await change();
	return changesSince(tree, before);
}

test("all is kept when nothing was done", async () => {
	expect(await changesBy(async () => {})).toEqual({
		kept: [".", "etc", "etc/a", "etc/b", "etc/old", "usr", "usr/c"],
		changed: [],
	});
});

test.each<[string, () => Promise<unknown>, string[]]>([
	["content", () => appendFile(at("etc/a"), "more"), ["etc/a"]],
	["mode", () => chmod(at("usr/c"), 0o600), ["usr/c"]],
	[
		"content of the same size with the old time put back",
		async () => {
			await writeFile(at("etc/a"), "two");
			await utimes(at("etc/a"), 1, 1);
		},
		["etc/a"],
	],
	["a new file", () => writeFile(at("etc/new"), ""), ["etc", "etc/new"]],
	["a file less", () => rm(at("etc/a")), ["etc"]],
	["a folder less", () => rmdir(at("etc/old")), ["etc"]],
	[
		"another name",
		() => rename(at("etc/old"), at("usr/moved")),
		["etc", "usr", "usr/moved"],
	],
	[
		"one file in another's place",
		() => rename(at("etc/a"), at("etc/b")),
		["etc", "etc/b"],
	],
	[
		"a second name",
		() => link(at("usr/c"), at("etc/also")),
		["etc", "etc/also", "usr/c"],
	],
	[
		"names that are no text",
		() => writeFile(Buffer.from(`${tree}/usr/\xff`, "latin1"), ""),
		["usr", "usr/\xff"],
	],
])("tells %s", async (_, change, changed) => {
	expect((await changesBy(change)).changed).toEqual(changed);
});

test("tells a change that follows at once, every time", async () => {
	for (let round = 0; round < 50; round++) {
		await writeFile(at("etc/a"), "new");
		const { changed } = await changesBy(() => appendFile(at("etc/a"), "er"));
		expect(changed).toEqual(["etc/a"]);
	}
});
