import {
	chmod,
	mkdir,
	mkdtemp,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { packageFile } from "../system/package-files.ts";
import { run } from "../system/process.ts";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-changes-"));
	await mkdir(join(folder, "run/root"), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function tree(
	name: string,
	files: Record<string, string>,
): Promise<string> {
	const root = join(folder, name, "tree");
	await mkdir(root, { recursive: true });
	for (const [path, content] of Object.entries(files)) {
		await mkdir(dirname(join(root, path)), { recursive: true });
		if (content.startsWith("-> "))
			await symlink(content.slice(3), join(root, path));
		else await writeFile(join(root, path), content);
	}
	return root;
}

/** What the host's own program says that differs between two bundles. */
async function changes(...trees: string[]): Promise<string[]> {
	const { stdout } = await run(
		"sh",
		[
			...["-euc", '. "$1"; list_changes "$2" "$3"', "sh"],
			packageFile("profiles/host/usr/lib/dock0/bundle/changes.sh"),
			...trees,
		],
		{
			env: { work: join(folder, "run"), run: join(folder, "run"), LC_ALL: "C" },
		},
	);
	return stdout
		.trimEnd()
		.split("\n")
		.map((line) => line.replace("\t", " "));
}

it("tells what is new, changed and gone", async () => {
	const before = await tree("before", {
		"etc/changed": "one",
		"etc/gone": "",
		"etc/same": "",
		"etc/to": "-> one",
		"old/only": "",
	});
	const after = await tree("after", {
		"etc/changed": "two",
		"etc/new": "",
		"etc/same": "",
		"etc/to": "-> two",
		"etc/sysctl.d/90.conf": "",
		"etc/dangling": "-> nowhere",
	});
	expect(await changes(before, after)).toEqual([
		"changed etc/changed",
		"added etc/dangling",
		"gone etc/gone",
		"added etc/new",
		"added etc/sysctl.d/90.conf",
		"changed etc/to",
		"gone old/only",
	]);
});

it("puts a new folder with bits of its own before what is in it", async () => {
	const before = await tree("before", { "etc/one": "" });
	const after = await tree("after", {
		"etc/closed/two": "",
		"etc/one": "",
		"etc/open/three": "",
	});
	await chmod(join(after, "etc/closed"), 0o700);
	await chmod(join(after, "etc/open"), 0o755);
	await chmod(after, 0o700);
	expect(await changes(before, after)).toEqual([
		"added etc/closed/two",
		"added etc/open/three",
	]);
	const { stdout } = await run("cat", [join(folder, "run/folders")]);
	expect(stdout).toBe("folder\tetc/closed\n");
});
