import {
	mkdir,
	mkdtemp,
	readdir,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { rootfsSchema } from "../schema.ts";
import { removePaths, trimPatterns } from "./trim.ts";

let tree: string;
beforeEach(async () => {
	tree = await mkdtemp(join(tmpdir(), "dock0-trim-"));
	for (const path of files) {
		await mkdir(join(tree, dirname(path)), { recursive: true });
		await writeFile(join(tree, path), "");
	}
});
afterEach(() => rm(tree, { recursive: true, force: true }));

const files = [
	"usr/bin/tool",
	"usr/share/doc/tool/README",
	"usr/share/doc/tool/copyright",
	"usr/share/doc/bare/README",
	"usr/share/man/man1/tool.1.gz",
	"usr/share/locale/locale.alias",
	"usr/share/locale/de/LC_MESSAGES/tool.mo",
	"usr/share/locale/de_AT/LC_MESSAGES/tool.mo",
	"usr/share/locale/den/LC_MESSAGES/tool.mo",
	"usr/lib/locale/C.utf8/LC_CTYPE",
	"usr/lib/locale/fr_FR.utf8/LC_CTYPE",
	"var/lib/dpkg/status",
	"var/lib/dpkg/info/tool.list",
	"var/lib/pacman/local/tool-1/desc",
	"var/lib/pacman/local/tool-1/files",
	"opt/mine/data",
];

async function left(trim: object): Promise<string[]> {
	const settings = rootfsSchema.parse({ trim });
	removePaths(tree, trimPatterns(settings.trim));
	const entries = await readdir(tree, { recursive: true, withFileTypes: true });
	return entries
		.filter((entry) => !entry.isDirectory())
		.map((entry) => join(entry.parentPath, entry.name).slice(tree.length + 1))
		.sort();
}

describe("trimming", () => {
	it("keeps programs, licences, C.utf8 and the list of packages by default", async () => {
		expect(await left({})).toEqual([
			"opt/mine/data",
			"usr/bin/tool",
			"usr/lib/locale/C.utf8/LC_CTYPE",
			"usr/share/doc/tool/copyright",
			"usr/share/locale/locale.alias",
			"var/lib/dpkg/status",
			"var/lib/pacman/local/tool-1/desc",
		]);
		expect(await readdir(join(tree, "usr/share/doc"))).toEqual(["tool"]);
	});

	it("removes nothing with everything off", async () => {
		const off = {
			docs: false,
			man: false,
			locales: false,
			packageManager: false,
		};
		expect(await left(off)).toEqual([...files].sort());
	});

	it("keeps the listed languages with their countries", async () => {
		const kept = await left({ locales: ["de"] });
		expect(kept.filter((path) => path.startsWith("usr/share/locale"))).toEqual([
			"usr/share/locale/de/LC_MESSAGES/tool.mo",
			"usr/share/locale/de_AT/LC_MESSAGES/tool.mo",
			"usr/share/locale/locale.alias",
		]);
	});

	it("takes paths and exceptions from the config, and follows no link", async () => {
		await symlink(join(tree, "usr/bin"), join(tree, "opt/link"));
		expect(
			await left({
				licences: true,
				paths: ["/opt/**"],
				keep: ["/usr/share/man/man1/tool.1.gz"],
			}),
		).toEqual([
			"usr/bin/tool",
			"usr/lib/locale/C.utf8/LC_CTYPE",
			"usr/share/locale/locale.alias",
			"usr/share/man/man1/tool.1.gz",
			"var/lib/dpkg/status",
			"var/lib/pacman/local/tool-1/desc",
		]);
	});
});
