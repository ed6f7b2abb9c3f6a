import {
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	readlink,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { placeCopy } from "./files.ts";

let folder: string;
const at = (...path: string[]): string => join(folder, ...path);

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-files-"));
	await mkdir(at("cache/modules"), { recursive: true });
	await writeFile(at("cache/modules/a.ko"), "a");
	await symlink("modules/a.ko", at("cache/link"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("a copy of a folder outlives it, and what is done to the copy does nothing to it", async () => {
	await placeCopy(at("cache"), at("build/web1.kernel"));
	await writeFile(at("build/web1.kernel/modules/a.ko"), "changed");
	expect(await readFile(at("cache/modules/a.ko"), "utf8")).toBe("a");
	await rm(at("cache"), { recursive: true });
	expect(await readlink(at("build/web1.kernel/link"))).toBe("modules/a.ko");
	expect(await readFile(at("build/web1.kernel/link"), "utf8")).toBe("changed");
});

it("a copy replaces the one before as a whole, and leaves nothing beside it", async () => {
	await mkdir(at("build/web1.kernel"), { recursive: true });
	await writeFile(at("build/web1.kernel/stale"), "");
	await placeCopy(at("cache"), at("build/web1.kernel"));
	expect(await readdir(at("build"))).toEqual(["web1.kernel"]);
	expect((await readdir(at("build/web1.kernel"))).sort()).toEqual([
		"link",
		"modules",
	]);
});

it("a copy that fails leaves the one before", async () => {
	await placeCopy(at("cache"), at("build/web1.kernel"));
	await expect(
		placeCopy(at("nowhere"), at("build/web1.kernel")),
	).rejects.toThrow("ENOENT");
	expect(await readdir(at("build"))).toEqual(["web1.kernel"]);
	expect(await readdir(at("build/web1.kernel"))).toContain("modules");
});
