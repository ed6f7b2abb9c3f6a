import {
	copyFile,
	mkdtemp,
	readFile,
	rm,
	stat,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { run } from "../../system/process.ts";
import { findTool } from "../../system/tools.ts";
import { readableCompressors } from "./layout.ts";
import { type SpliceOptions, spliceSquashfs } from "./splice.ts";
import {
	contentOf,
	factsOf,
	listingOf,
	noise,
	pack,
	plant,
	spliceable,
	type Tree,
} from "./trees.fixture.ts";

let temp: string;
let round = 0;
beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-splice-"));
});
afterAll(() => rm(temp, { recursive: true, force: true }));
beforeEach(() => {
	round++;
});
const at = (name: string): string => join(temp, `${round}-${name}`);

const small = ["-b", "4096"];

async function images(
	base: Tree,
	top: Tree,
	options: readonly string[],
): Promise<void> {
	for (const [name, tree] of Object.entries({ base, top })) {
		plant(at(name), tree);
		await pack(at(name), at(`${name}.img`), [...spliceable, ...options]);
	}
}

function splice(
	keeps: (path: string) => boolean,
	changes: Partial<SpliceOptions> = {},
): Promise<void> {
	return spliceSquashfs({
		base: at("base.img"),
		top: at("top.img"),
		out: at("out.img"),
		keeps: (path) => keeps(Buffer.from(path, "latin1").toString()),
		epoch: 7,
		...changes,
	});
}

/** Compares the result with what mksquashfs makes of the tree that it should be. */
async function expectTree(
	expected: Tree,
	options: readonly string[],
): Promise<void> {
	plant(at("expected"), expected);
	await pack(at("expected"), at("expected.img"), ["-no-exports", ...options]);
	const [out, wanted] = [at("out.img"), at("expected.img")];
	// The first line after -lln names what is unpacked to, which is the same.
	expect(await listingOf(out)).toBe(await listingOf(wanted));
	expect(await contentOf(out, at("out"))).toEqual(
		await contentOf(wanted, at("wanted")),
	);
	const { "Number of fragments": _, ...facts } = await factsOf(out);
	expect(await factsOf(wanted)).toMatchObject(facts);
	expect((await stat(out)).size % 4096).toBe(0);
}

const text = (content: string): { file: Buffer } => ({
	file: Buffer.from(content),
});
const folder = { folder: true } as const;
const shared = noise(20_000, 1);

/** One of each case; what `after` has otherwise is in `top`. */
const before: Tree = {
	"a-file": text("one"),
	"becomes-folder": text("file"),
	"becomes-file": folder,
	"becomes-file/inner": folder,
	"becomes-file/inner/x": text("x"),
	empty: text(""),
	"empty-folder": folder,
	etc: folder,
	"etc/changed": { file: noise(30_001, 2) },
	"etc/first": { file: shared },
	"etc/same-as-first": { file: shared },
	// Its blocks begin inside of those of another.
	"etc/second-half": { file: shared.subarray(8192) },
	"etc/whole-blocks": { file: noise(8192, 3) },
	"etc/holes": {
		file: Buffer.concat([noise(4096, 4), Buffer.alloc(16_384), noise(5000, 5)]),
	},
	"etc/only-holes": { file: Buffer.alloc(20_480) },
	"etc/tail": { file: noise(5001, 6) },
	"etc/link": { symlink: "../a-file" },
	gone: folder,
	"gone/inner": folder,
	"gone/inner/big": { file: noise(60_000, 7) },
	hard: folder,
	"hard/1": { file: noise(9000, 8) },
	"hard/2": { hard: "hard/1" },
	"hard/3": { hard: "hard/1" },
	"hard/pair-1": text("pair"),
	"hard/pair-2": { hard: "hard/pair-1" },
	many: folder,
	...Object.fromEntries(
		Array.from({ length: 300 }, (_, n) => [`many/f${n}`, text(`${n}`)]),
	),
	names: folder,
	[`names/${"n".repeat(255)}`]: text("long"),
	"names/Z": text("Z"),
	"names/a": text("a"),
	"names/ä": text("ä"),
	"names/😀": { symlink: "ä".repeat(200) },
	"names/～": text("before the one with four bytes"),
	suid: { file: Buffer.from("s"), mode: 0o4755 },
};
const changes: Tree = {
	"a-new": { file: noise(10_000, 9) },
	"becomes-file": text("now a file"),
	"becomes-folder": folder,
	"becomes-folder/y": { file: shared },
	etc: { folder: true, mode: 0o700 },
	"etc/changed": { file: noise(12_345, 10) },
	"etc/link": { symlink: "elsewhere" },
	hard: folder,
	"hard/new-1": text("new"),
	"hard/new-2": { hard: "hard/new-1" },
	many: folder,
	"many/f77": text("changed"),
	"many/zzz": text("added"),
};
const removed = ["gone", "hard/2", "hard/pair-1", "etc/first", "many/f5"];
const isRemoved = (path: string): boolean =>
	removed.some((one) => path === one || path.startsWith(`${one}/`));
const keepsOthers = (path: string): boolean =>
	!isRemoved(path) &&
	(changes[path] === undefined || path === "many" || path === "hard") &&
	!path.startsWith("becomes-file/");
const after: Tree = {
	...Object.fromEntries(
		Object.entries(before).filter(([path]) => keepsOthers(path)),
	),
	"hard/3": { hard: "hard/1" },
	"hard/pair-2": text("pair"),
	...changes,
};

describe("spliceSquashfs", () => {
	it.each([...readableCompressors])(
		"makes with %s what mksquashfs makes of the merged tree",
		async (compressor) => {
			const options = [...small, "-comp", compressor];
			await images(before, changes, options);
			await splice(keepsOthers);
			await expectTree(after, options);
			await splice(keepsOthers, { out: at("again.img") });
			const bytes = await readFile(at("out.img"));
			expect((await readFile(at("again.img"))).equals(bytes)).toBe(true);
			// 60 kB of a folder that is gone, and one block of what shares its data, are not dragged along.
			const { size } = await stat(at("expected.img"));
			expect(bytes.length - size).toBeLessThan(80_000);
		},
	);

	it.each([
		["-no-fragments"],
		["-always-use-fragments"],
		["-no-duplicates"],
		["-noD"],
	])("takes images made with %s", async (option) => {
		const options = [...small, option];
		await images(before, changes, options);
		await splice(keepsOthers);
		await expectTree(after, options);
	});

	it("takes its own copy of everything, and of nothing", async () => {
		await images(before, {}, small);
		await splice(() => true);
		await expectTree(before, small);
		await rm(at("out"), { recursive: true });
		await rm(at("wanted"), { recursive: true });
		await rm(at("expected"), { recursive: true });
		await rm(at("out.img"));
		await splice(() => false);
		await expectTree({}, small);
	});

	it("lists folders of more than 64 KiB, and many inodes", async () => {
		const name = (n: number): string => `wide/${"x".repeat(n % 90)}${n}`;
		const wide: Tree = { wide: folder };
		for (let n = 0; n < 3000; n++)
			wide[name(n)] = n % 7 === 0 ? folder : text(`${n}`);
		const extra = { wide: folder, [name(3001)]: text("extra") };
		await images(wide, extra, ["-comp", "gzip"]);
		const gone = new Set([name(20), name(2999)]);
		await splice((path) => !gone.has(path));
		for (const path of gone) delete wide[path];
		await expectTree({ ...wide, ...extra }, ["-comp", "gzip"]);
	});

	it("brings devices, sockets, owners and set-uid bits", async () => {
		const pseudo = [
			"dev d 755 0 0",
			"dev/null c 666 0 0 1 3",
			"dev/sda b 660 0 6 8 300",
			"dev/fifo i 640 70000 3 f",
			"dev/socket i 4777 1 2 s",
		].flatMap((line) => ["-p", line]);
		plant(at("base"), { file: text("x") });
		plant(at("top"), { other: text("y") });
		plant(at("both"), { file: text("x"), other: text("y") });
		await pack(at("base"), at("base.img"), [...spliceable, ...pseudo]);
		await pack(at("top"), at("top.img"), spliceable);
		await pack(at("both"), at("both.img"), pseudo);
		await splice(() => true);
		expect(await listingOf(at("out.img"))).toBe(
			await listingOf(at("both.img")),
		);
	});

	const canSetCapabilities = process.getuid?.() === 0 && findTool("setcap");
	it.skipIf(!canSetCapabilities)(
		"brings file capabilities of both images",
		async () => {
			const plants = {
				base: { lower: text("l"), both: text("b"), none: text("n") },
				top: { upper: text("u"), both: text("B") },
			};
			const wanted: Record<string, string> = {
				lower: "cap_net_raw=ep",
				upper: "cap_net_raw=ep",
				both: "cap_chown=ep",
			};
			for (const [name, tree] of Object.entries(plants)) {
				plant(at(name), tree);
				for (const file of Object.keys(tree))
					if (wanted[file])
						await run("setcap", [wanted[file], join(at(name), file)]);
				await pack(at(name), at(`${name}.img`), spliceable);
			}
			await splice((path) => path !== "both");
			await run("unsquashfs", ["-q", "-n", "-d", at("out"), at("out.img")]);
			const { stdout } = await run("getcap", ["-r", at("out")]);
			const found = stdout.trim().split("\n").sort();
			expect(found).toEqual(
				Object.entries(wanted)
					.map(([file, cap]) => `${join(at("out"), file)} ${cap}`)
					.sort(),
			);
			expect(await factsOf(at("out.img"))).toMatchObject({
				"Number of xattr ids": "2",
			});
		},
	);
});

describe("what spliceSquashfs refuses", () => {
	const isFine = (): boolean => true;
	it.each([
		["inode", ["-noId", "-noX"]],
		["id", ["-noX"]],
	])("a compressed %s table", async (_, options) => {
		const wide = Object.fromEntries(
			Array.from({ length: 50 }, (_, n) => [`f${n}`, text(`${n}`)]),
		);
		await images(wide, {}, []);
		await pack(at("base"), at("base.img"), ["-no-exports", ...options]);
		await expect(splice(isFine)).rejects.toThrow(/table .* is compressed/);
		await expect(stat(at("out.img"))).rejects.toThrow("ENOENT");
	});

	it.each([
		["different compressors: gzip and xz", ["-comp", "xz"]],
		["different block sizes: 4096 and 8192", ["-b", "8192"]],
		["different options", ["-Xcompression-level", "3"]],
	])("%s", async (message, options) => {
		await images({ a: text("a") }, {}, [...small, "-comp", "gzip"]);
		await pack(at("top"), at("top.img"), [...spliceable, ...small, ...options]);
		await expect(splice(isFine)).rejects.toThrow(message);
	});

	it("an export table, what is no squashfs, and what ends early", async () => {
		await images({ a: text("a"), b: { file: noise(90_000, 1) } }, {}, []);
		const whole = await readFile(at("base.img"));
		await pack(at("base"), at("base.img"), ["-noI", "-noX"]);
		await expect(splice(isFine)).rejects.toThrow("export table");
		await writeFile(at("base.img"), "x".repeat(5000));
		await expect(splice(isFine)).rejects.toThrow("not a squashfs");
		for (const length of [50, 200, whole.length - 8192]) {
			await writeFile(at("base.img"), whole.subarray(0, length));
			await expect(splice(isFine)).rejects.toThrow(/not a squashfs|too early/);
		}
	});

	it("changed bytes of metadata without a hang or a half result", async () => {
		const tree = { a: folder, "a/b": text("b"), "a/c": { symlink: "b" } };
		await images(tree, {}, []);
		const whole = await readFile(at("base.img"));
		const end = Number(whole.readBigUInt64LE(40));
		// Every fifth, which is prime to all sizes of fields; all of them were tried once.
		for (let place = 0; place < end; place += 5) {
			const bytes = Buffer.from(whole);
			bytes[place] = (bytes[place] ?? 0) ^ 0xff;
			await writeFile(at("base.img"), bytes);
			await splice(isFine).then(
				() => rm(at("out.img")),
				(error) => expect(error).toBeInstanceOf(Error),
			);
		}
	});

	it("to write over a file", async () => {
		await images({ a: text("a") }, {}, []);
		await copyFile(at("top.img"), at("out.img"));
		await expect(splice(isFine)).rejects.toThrow("EEXIST");
		expect((await stat(at("out.img"))).size).toBeGreaterThan(0);
	});
});

describe("any two trees", () => {
	type Kind =
		| { size: number; seed: number }
		| "link"
		| { [name: string]: Kind };
	const name = fc.constantFrom("a", "b", "c.d", "é");
	const { tree } = fc.letrec<{ tree: Kind; node: Kind }>((tie) => ({
		tree: fc.dictionary(name, tie("node"), { maxKeys: 4 }),
		node: fc.oneof(
			{ maxDepth: 3 },
			fc.record({
				size: fc.constantFrom(0, 10, 4096, 9000, 30_000),
				seed: fc.integer({ min: 1, max: 3 }),
			}),
			fc.constant("link" as const),
			tie("tree"),
		),
	}));
	const flatten = (kind: Kind, path = "", into: Tree = {}): Tree => {
		if (kind === "link") into[path] = { symlink: `to ${path}` };
		else if (typeof kind.size === "number")
			into[path] = { file: noise(kind.size, Number(kind.seed)) };
		else {
			if (path) into[path] = folder;
			for (const [child, inner] of Object.entries(kind))
				flatten(inner as Kind, path ? `${path}/${child}` : child, into);
		}
		return into;
	};

	it("become the second one when what differs is spliced over the first", async () => {
		await fc.assert(
			fc.asyncProperty(tree, tree, async (one, two) => {
				round++;
				const [first, second] = [flatten(one), flatten(two)];
				const isSame = (path: string): boolean =>
					path === "" ||
					(second[path] !== undefined &&
						JSON.stringify(first[path]) === JSON.stringify(second[path]));
				const over = Object.fromEntries(
					Object.entries(second).filter(([path]) => !isSame(path)),
				);
				await images(first, over, small);
				await splice(isSame);
				await expectTree(second, small);
			}),
			{ numRuns: 8 },
		);
	});
});
