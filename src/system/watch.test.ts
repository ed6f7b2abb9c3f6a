import {
	mkdir,
	mkdtemp,
	rename,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FileWatcher, watchFiles } from "./watch.ts";

let folder: string;
let watcher: FileWatcher;
const never = new AbortController().signal;
const at = (...names: string[]) => join(folder, ...names);

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-watch-"));
	watcher = watchFiles();
});
afterEach(async () => {
	watcher.close();
	await rm(folder, { recursive: true, force: true });
});

describe("watching files", () => {
	it("tells of a file that an editor replaces, and not of its neighbours", async () => {
		await writeFile(at("dock0.yaml"), "a");
		await watcher.set([at("dock0.yaml")]);
		await writeFile(at("other.yaml"), "b");
		await writeFile(at("dock0.yaml.new"), "c");
		await rename(at("dock0.yaml.new"), at("dock0.yaml"));
		expect(await watcher.next(never)).toEqual([at("dock0.yaml")]);
		// Still the name counts, and not the file that was there first.
		await writeFile(at("dock0.yaml"), "d");
		expect(await watcher.next(never)).toEqual([at("dock0.yaml")]);
	});

	it("gathers what comes together, and leaves out what editors write beside it", async () => {
		await mkdir(at("overlay", "etc"), { recursive: true });
		await watcher.set([at("overlay")]);
		await writeFile(at("overlay", "etc", "motd~"), "old");
		await writeFile(at("overlay", "etc", ".motd.swp"), "");
		await writeFile(at("overlay", "etc", "motd"), "a");
		await writeFile(at("overlay", "etc", "issue"), "b");
		expect(await watcher.next(never)).toEqual([
			at("overlay", "etc", "issue"),
			at("overlay", "etc", "motd"),
		]);
	});

	it("sees into folders that came later, once it is set again", async () => {
		await mkdir(at("overlay"));
		await watcher.set([at("overlay")]);
		await mkdir(at("overlay", "new", "deep"), { recursive: true });
		expect(await watcher.next(never)).toEqual([at("overlay", "new")]);
		await watcher.set([at("overlay")]);
		await writeFile(at("overlay", "new", "deep", "file"), "a");
		expect(await watcher.next(never)).toEqual([
			at("overlay", "new", "deep", "file"),
		]);
	});

	it("tells of what did not exist, and of what goes away", async () => {
		await watcher.set([at("not", "there", "yet")]);
		await mkdir(at("not"));
		expect(await watcher.next(never)).toEqual([at("not")]);
		await watcher.set([at("not", "there", "yet")]);
		await mkdir(at("not", "there"));
		expect(await watcher.next(never)).toEqual([at("not", "there")]);
		await watcher.set([at("not", "there", "yet")]);
		await symlink("nowhere", at("not", "there", "yet"));
		expect(await watcher.next(never)).toEqual([at("not", "there", "yet")]);
		await rm(at("not", "there", "yet"));
		expect(await watcher.next(never)).toEqual([at("not", "there", "yet")]);
	});

	it("keeps what happens between two questions", async () => {
		await watcher.set([at("a")]);
		await writeFile(at("a"), "1");
		expect(await watcher.next(never)).toEqual([at("a")]);
		await rm(at("a"));
		await new Promise((resolve) => setTimeout(resolve, 50));
		expect(await watcher.next(never)).toEqual([at("a")]);
	});

	it("ends when it is told to", async () => {
		await watcher.set([at("a")]);
		const stop = new AbortController();
		const waiting = watcher.next(stop.signal);
		stop.abort(new Error("enough"));
		await expect(waiting).rejects.toThrow("enough");
	});
});
