import {
	mkdir,
	mkdtemp,
	readFile,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ownerIds } from "./owners.ts";
import { scriptContext } from "./script-context.ts";
import { resolveInTree } from "./tree-path.ts";

let base: string;
let tree: string;
beforeEach(async () => {
	base = await mkdtemp(join(tmpdir(), "dock0-tree-"));
	tree = join(base, "tree");
	await mkdir(join(tree, "usr/lib"), { recursive: true });
	await mkdir(join(tree, "etc"));
	await symlink("usr/lib", join(tree, "lib"));
	await symlink("/", join(tree, "usr/top"));
	await symlink("../../../../..", join(tree, "etc/up"));
	await symlink("/etc/passwd", join(tree, "etc/alias"));
	await symlink("b", join(tree, "etc/a"));
	await symlink("a", join(tree, "etc/b"));
	await writeFile(
		join(tree, "etc/passwd"),
		"git:x:77:88::/:\nroot:x:0:0::/:\n",
	);
	await writeFile(join(tree, "etc/group"), "adm:x:4:\n");
});
afterEach(() => rm(base, { recursive: true, force: true }));

describe("paths of the root file system", () => {
	it.each([
		["/lib/x", "usr/lib/x"],
		["/usr/top/etc/x", "etc/x"],
		["/etc/up/etc/x", "etc/x"],
		["/etc/up/up2/../x", "x"],
		["/etc/alias", "etc/alias"],
		["/new/folder/x", "new/folder/x"],
		["/etc/../usr/./lib//x", "usr/lib/x"],
	])("%s lies at %s", (path, expected) => {
		expect(resolveInTree(tree, path)).toBe(join(tree, expected));
	});

	it("follows the last link only when asked", () => {
		expect(resolveInTree(tree, "/etc/alias", { follow: true })).toBe(
			join(tree, "etc/passwd"),
		);
	});

	it.each(["..", "/../x", "/etc/../../x", "a/../../b", "/a\0b"])(
		"refuses %j",
		(path) => {
			expect(() => resolveInTree(tree, path)).toThrow(
				expect.objectContaining({ code: "ROOTFS_PATH_ESCAPE" }),
			);
		},
	);

	it("ends a circle of links", () => {
		expect(() => resolveInTree(tree, "/etc/a/x")).toThrow(
			expect.objectContaining({ code: "ROOTFS_LINK_LOOP" }),
		);
	});

	it("never leaves the tree, whatever the links and the path", () => {
		const name = fc.constantFrom(
			"..",
			".",
			"lib",
			"etc",
			"up",
			"top",
			"usr",
			"x",
		);
		fc.assert(
			fc.property(
				fc.array(name, { maxLength: 12 }),
				fc.boolean(),
				(names, follow) => {
					let real: string;
					try {
						real = resolveInTree(tree, names.join("/"), { follow });
					} catch (error) {
						expect(error).toMatchObject({ code: "ROOTFS_PATH_ESCAPE" });
						return;
					}
					expect(`${real}/`.startsWith(`${tree}/`)).toBe(true);
					expect(real.split("/")).not.toContain("..");
				},
			),
		);
	});
});

it("knows owners by the tree's own names, or by number", () => {
	expect(ownerIds(tree, "git")).toEqual({ uid: 77, gid: 88 });
	expect(ownerIds(tree, "git:adm")).toEqual({ uid: 77, gid: 4 });
	expect(ownerIds(tree, "12")).toEqual({ uid: 12, gid: 12 });
	expect(ownerIds(tree, "root:9")).toEqual({ uid: 0, gid: 9 });
	expect(() => ownerIds(tree, "nobody")).toThrow(
		expect.objectContaining({ code: "OWNER_UNKNOWN" }),
	);
});

const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot)("what scripts do to the root", () => {
	const rootfs = () =>
		scriptContext(
			{ tree, epoch: 1000, config: {}, scripts: base, env: {}, log: () => {} },
			"rootfs",
		).rootfs;

	it("writes through links of folders, replaces links of files", async () => {
		await rootfs().write("/lib/new/file", "text", { mode: 0o600 });
		expect(await readFile(join(tree, "usr/lib/new/file"), "utf8")).toBe("text");
		await rootfs().write("/etc/alias", "own");
		expect(await readFile(join(tree, "etc/passwd"), "utf8")).toContain("git");
		expect(await rootfs().read("/etc/alias")).toBe("own");
		await rootfs().append("/etc/alias", "+");
		await rootfs().symlink("alias", "/etc/second");
		expect(await rootfs().read("/etc/second")).toBe("own+");
		await rootfs().remove("/usr/lib/new", "/etc/al*");
		expect(rootfs().exists("/usr/lib/new/file")).toBe(false);
		expect(rootfs().exists("/etc/alias")).toBe(false);
	});

	it("leaves what lies beside the tree alone, whatever path a script gives", async () => {
		const outside = join(base, "outside");
		await writeFile(outside, "untouched");
		await symlink(base, join(tree, "etc/absolute"));
		const parts = fc.constantFrom(
			"..",
			"etc",
			"up",
			"absolute",
			"outside",
			"lib",
			"*",
		);
		await fc.assert(
			fc.asyncProperty(
				fc.array(parts, { minLength: 1, maxLength: 6 }),
				fc.constantFrom(
					"write",
					"append",
					"symlink",
					"mkdir",
					"remove",
					"copy",
				),
				async (names, verb) => {
					const path = `/${names.join("/")}`;
					const folder = rootfs();
					const acts = {
						write: () => folder.write(path, "changed"),
						append: () => folder.append(path, "changed"),
						symlink: () => folder.symlink("/changed", path),
						mkdir: () => folder.mkdir(path),
						remove: () =>
							dirname(path) === "/" ? undefined : folder.remove(path),
						copy: () => folder.copy(outside, path),
					};
					try {
						await acts[verb]();
					} catch {
						// refused, or in the way of a folder
					}
					expect(await readFile(outside, "utf8")).toBe("untouched");
				},
			),
			{ numRuns: 150 },
		);
	});
});
