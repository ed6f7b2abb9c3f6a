import { expect, it } from "vitest";
import type { Inode } from "./inode.ts";
import { mergeTrees } from "./merge.ts";
import { numberInodes } from "./number.ts";
import type { Entry } from "./read.ts";

type Names = { [name: string]: Names | string };

function entry(image: number, names: Names | string): Entry {
	const isFile = typeof names === "string";
	const inode: Inode = {
		...{ image, mode: 0o755, uid: 0, gid: 0, time: 0, xattrs: undefined },
		body: isFile
			? { type: "symlink", target: Buffer.from(names) }
			: { type: "folder" },
	};
	const children = Object.entries(isFile ? {} : names).map(
		([name, inner]) => [name, entry(image, inner)] as const,
	);
	return { inode, children: isFile ? undefined : new Map(children) };
}

/** Paths with the image that each is of. */
function paths({ inode, children }: Entry, path = ""): string[] {
	const inner = [...(children ?? [])].flatMap(([name, child]) =>
		paths(child, `${path}/${name}`),
	);
	return [`${path}:${inode.image}`, ...inner];
}

const merged = (base: Names, top: Names, kept: string[]): string[] =>
	paths(
		mergeTrees(entry(0, base), entry(1, top), (path) => kept.includes(path)),
	);

it("takes what is kept of the base, and all else of the top", () => {
	const base = { a: { x: "", y: "" }, b: "", c: { z: "" }, gone: { g: "" } };
	const top = { a: { x: "", w: "" }, b: "", c: "", d: {} };
	expect(merged(base, top, ["", "a", "a/x", "a/y"])).toEqual([
		...[":0", "/a:0", "/a/w:1", "/a/x:0", "/a/y:0"],
		...["/b:1", "/c:1", "/d:1"],
	]);
	// A folder that is the top's may hold what is kept.
	expect(merged(base, top, ["a/y"])).toEqual([
		...[":1", "/a:1", "/a/w:1", "/a/x:1", "/a/y:0"],
		...["/b:1", "/c:1", "/d:1"],
	]);
});

it("orders names by their bytes, and asks for them as bytes", () => {
	const asked: string[] = [];
	const latin = (text: string): string => Buffer.from(text).toString("latin1");
	mergeTrees(
		entry(0, { [latin("😀")]: "", [latin("～")]: "", Z: "", a: "" }),
		entry(1, {}),
		(path) => asked.push(path) > 0,
	);
	expect(asked.map((path) => Buffer.from(path, "latin1").toString())).toEqual([
		"",
		"Z",
		"a",
		"～",
		"😀",
	]);
});

it.each<[string, Names, Names, string[]]>([
	["whose folder is gone", { a: { b: { c: "" } } }, {}, ["", "a/b/c"]],
	[
		"whose folder is a file now",
		{ a: { b: { c: "" } } },
		{ a: { b: "" } },
		["", "a/b/c"],
	],
	[
		"of the top, whose folder is a file of the base",
		{ a: { b: "" } },
		{ a: { b: { c: "" } } },
		["", "a", "a/b"],
	],
])("names a path %s", (_, base, top, kept) => {
	expect(() => merged(base, top, kept)).toThrow("'a/b/c' would be in");
});

it("numbers each inode once, and counts its links anew", () => {
	const root = entry(0, { a: { x: "", y: "" }, b: "", c: {} });
	const [a, b] = [root.children?.get("a"), root.children?.get("b")];
	if (!a || !b) throw new Error("the tree lacks a or b");
	a.children?.set("same-as-b", b);
	const { inodes, others, folders } = numberInodes(root);
	expect([...inodes.values()]).toEqual([
		{ number: 1, links: 4 }, // the root, with a and c in it
		{ number: 2, links: 2 }, // a
		{ number: 3, links: 2 }, // b, with two names
		{ number: 4, links: 2 }, // c
		{ number: 5, links: 1 }, // x
		{ number: 6, links: 1 }, // y
	]);
	expect(others.map((inode) => inodes.get(inode)?.number)).toEqual([3, 5, 6]);
	expect(
		folders.map(({ entry: { inode }, parent }) => [
			inodes.get(inode)?.number,
			parent,
		]),
	).toEqual([
		[2, 1],
		[4, 1],
		[1, 7],
	]);
});
