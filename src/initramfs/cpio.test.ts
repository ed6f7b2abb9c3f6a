import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { run } from "../system/process.ts";
import { type CpioEntry, withParents, writeCpio } from "./cpio.ts";

/** A reader of newc archives for these tests, written from the format's description alone. */
function readCpio(bytes: Uint8Array): CpioEntry[] {
	const text = Buffer.from(bytes);
	const entries: CpioEntry[] = [];
	let at = 0;
	const align = (): void => {
		at = Math.ceil(at / 4) * 4;
	};
	for (;;) {
		expect(text.toString("latin1", at, at + 6)).toBe("070701");
		const field = (index: number): number =>
			Number.parseInt(
				text.toString("latin1", at + 6 + index * 8, at + 14 + index * 8),
				16,
			);
		const [fullMode, uid, gid, mtime, size, major, minor, nameSize] = [
			1, 2, 3, 5, 6, 9, 10, 11,
		].map(field) as [
			number,
			number,
			number,
			number,
			number,
			number,
			number,
			number,
		];
		at += 110;
		const path = text.toString("utf8", at, at + nameSize - 1);
		expect(text[at + nameSize - 1]).toBe(0);
		at += nameSize;
		align();
		const data = text.subarray(at, at + size);
		at += size;
		align();
		if (path === "TRAILER!!!") break;
		const base = { path, mode: fullMode & 0o7777, uid, gid, mtime };
		const type = fullMode >> 12;
		if (type === 0o10) entries.push({ ...base, kind: "file", data });
		else if (type === 0o4) entries.push({ ...base, kind: "directory" });
		else if (type === 0o12)
			entries.push({ ...base, kind: "symlink", target: data.toString() });
		else
			entries.push({
				...base,
				kind: "node",
				device: type === 0o2 ? "character" : "block",
				major,
				minor,
			});
	}
	expect(at).toBe(bytes.length);
	return entries;
}

const number32 = fc.integer({ min: 0, max: 0xffff_ffff });
const part = fc
	.string({ unit: "grapheme", minLength: 1, maxLength: 12 })
	.filter((name) => !/[/\0]/.test(name) && name !== "." && name !== "..");
const base = {
	path: fc
		.array(part, { minLength: 1, maxLength: 3 })
		.map((parts) => parts.join("/"))
		.filter((path) => path !== "TRAILER!!!"),
	mode: fc.integer({ min: 0, max: 0o7777 }),
	uid: number32,
	gid: number32,
	mtime: number32,
};
const entry: fc.Arbitrary<CpioEntry> = fc.oneof(
	fc.record({ ...base, kind: fc.constant("directory" as const) }),
	fc.record({
		...base,
		kind: fc.constant("file" as const),
		data: fc.uint8Array({ maxLength: 40 }).map((data) => Buffer.from(data)),
	}),
	fc.record({
		...base,
		kind: fc.constant("symlink" as const),
		target: fc.string({ minLength: 1 }),
	}),
	fc.record({
		...base,
		kind: fc.constant("node" as const),
		device: fc.constantFrom("character" as const, "block" as const),
		major: number32,
		minor: number32,
	}),
);

/** Drops what no file system could hold: a path twice, a file as a folder. */
function possible(entries: readonly CpioEntry[]): CpioEntry[] {
	const paths = new Set(entries.map(({ path }) => path));
	const unique = entries.filter(
		({ path }, index) =>
			entries.findIndex((other) => other.path === path) === index,
	);
	return unique.filter(
		({ path, kind }) =>
			kind === "directory" ||
			![...paths].some((other) => other.startsWith(`${path}/`)),
	);
}

test("what is written reads back the same, sorted by the bytes of its path", () => {
	fc.assert(
		fc.property(fc.array(entry, { maxLength: 12 }), (raw) => {
			const entries = withParents(possible(raw));
			const expected = entries
				.map((one) => ({ uid: 0, gid: 0, mtime: 0, ...one }))
				.sort((a, b) =>
					Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)),
				);
			expect(readCpio(writeCpio(entries))).toEqual(expected);
		}),
	);
});

test("the order of the entries does not matter", () => {
	fc.assert(
		fc.property(fc.array(entry, { maxLength: 8 }), (raw) => {
			const entries = withParents(possible(raw));
			expect(
				Buffer.compare(writeCpio(entries), writeCpio([...entries].reverse())),
			).toBe(0);
		}),
	);
});

test("cpio and bsdtar, independent readers, see the same members", async () => {
	const archive = writeCpio(
		withParents([
			{
				kind: "file",
				path: "bin/tool",
				mode: 0o4755,
				uid: 7,
				gid: 8,
				data: Buffer.from("abc"),
			},
			{ kind: "symlink", path: "bin/sh", mode: 0o777, target: "tool" },
			{
				kind: "node",
				path: "dev/console",
				mode: 0o600,
				device: "character",
				major: 5,
				minor: 1,
			},
			{
				kind: "node",
				path: "dev/disk",
				mode: 0o660,
				device: "block",
				major: 254,
				minor: 3,
			},
		]),
	);
	const { stdout } = await run("cpio", ["-itvn", "--quiet"], {
		input: archive,
		env: { TZ: "UTC", LC_ALL: "C" },
	});
	expect(stdout.replace(/ +/g, " ").trim().split("\n")).toEqual([
		"drwxr-xr-x 2 0 0 0 Jan 1 1970 bin",
		"lrwxrwxrwx 1 0 0 4 Jan 1 1970 bin/sh -> tool",
		"-rwsr-xr-x 1 7 8 3 Jan 1 1970 bin/tool",
		"drwxr-xr-x 2 0 0 0 Jan 1 1970 dev",
		"crw------- 1 0 0 5, 1 Jan 1 1970 dev/console",
		"brw-rw---- 1 0 0 254, 3 Jan 1 1970 dev/disk",
	]);
	const folder = await mkdtemp(join(tmpdir(), "dock0-cpio-"));
	try {
		await writeFile(join(folder, "a.cpio"), archive);
		const listed = await run("bsdtar", ["-tf", join(folder, "a.cpio")]);
		expect(listed.stdout.trim().split("\n")).toEqual([
			"bin",
			"bin/sh",
			"bin/tool",
			"dev",
			"dev/console",
			"dev/disk",
		]);
	} finally {
		await rm(folder, { recursive: true });
	}
});

test.each([
	["/bin", "not a path"],
	["a//b", "not a path"],
	["./a", "not a path"],
	["a/../b", "not a path"],
	["", "not a path"],
	["TRAILER!!!", "not a path"],
	["a/b", "no entry for its folder 'a'"],
])("%j is refused", (path, message) => {
	expect(() => writeCpio([{ kind: "directory", path, mode: 0o755 }])).toThrow(
		message,
	);
});

test("a path may come once", () => {
	const one = { kind: "directory", path: "a", mode: 0o755 } as const;
	expect(() => writeCpio([one, one])).toThrow("'a' comes twice");
});
