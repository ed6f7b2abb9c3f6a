import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { copyData, relocate } from "./data.ts";
import { decodeInode, encodeInode, type FileInode } from "./inode.ts";

function file(start: number, sizes: number[], fragment?: number): FileInode {
	const blocks = Buffer.alloc(4 * sizes.length);
	for (const [n, size] of sizes.entries()) blocks.writeUInt32LE(size, 4 * n);
	return {
		...{ image: 0, mode: 0o644, uid: 0, gid: 0, time: 0, xattrs: undefined },
		body: {
			...{ type: "file", size: sizes.length * 4096, sparse: 0 },
			...{ start, blocks, fragment, fragmentOffset: 0 },
		},
	};
}
const plain = 1 << 24;

it("moves blocks that files share once, and fragments with users only", () => {
	const files = [
		file(5000, [100, 50]),
		// inside of the one before, across its end, and directly behind that
		file(5100, [50]),
		file(5100, [50, 0, 30 | plain]),
		file(5180, [20], 2),
		file(0, [0, 0]),
		file(9000, [10], 2),
	];
	const fragments = [
		{ start: 5200, sizeField: 7 },
		{ start: 6000, sizeField: 7 },
		{ start: 8000, sizeField: 40 | plain },
	];
	const moved = relocate(files, fragments, 96, 5);
	expect(moved.runs).toEqual([
		{ start: 5000, end: 5200 },
		{ start: 8000, end: 8040 },
		{ start: 9000, end: 9010 },
	]);
	expect(moved.end).toBe(96 + 200 + 40 + 10);
	expect(files.map((one) => moved.moveFile(one).body.start)).toEqual([
		96, 196, 196, 276, 0, 336,
	]);
	expect(moved.moveFile(file(5180, [20], 2)).body.fragment).toBe(5);
	expect(moved.fragments).toEqual([{ start: 296, sizeField: 40 | plain }]);
	expect(() => relocate([file(0, [], 3)], fragments, 0, 0)).toThrow(
		"lacks its fragment 3",
	);
});

it("copies runs of any length and distance", async () => {
	const temp = await mkdtemp(join(tmpdir(), "dock0-splice-data-"));
	const source = Buffer.alloc(12 * 1024 * 1024);
	for (let at = 0; at < source.length; at += 4)
		source.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
	await writeFile(join(temp, "from"), source);
	const from = await open(join(temp, "from"));
	const length = fc.oneof(
		fc.integer({ min: 1, max: 5000 }),
		fc.integer({ min: 1, max: 5_000_000 }),
	);
	const gap = fc.oneof(
		fc.integer({ min: 1, max: 3000 }),
		fc.integer({ min: 100_000, max: 300_000 }),
	);
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.tuple(gap, length), { maxLength: 8 }),
			async (lengths) => {
				const runs: { start: number; end: number }[] = [];
				let at = 0;
				for (const [skipped, bytes] of lengths) {
					const start = at + skipped;
					at = start + bytes;
					if (at <= source.length) runs.push({ start, end: at });
				}
				const out = await open(join(temp, "out"), "w");
				const to = 100;
				const relocation = relocate([], [], to, 0);
				await copyData(from, out, { ...relocation, runs });
				await out.close();
				const wanted = runs.map(({ start, end }) =>
					source.subarray(start, end),
				);
				const copied = (await readFile(join(temp, "out"))).subarray(to);
				expect(copied.equals(Buffer.concat(wanted))).toBe(true);
			},
		),
		{ numRuns: 30 },
	);
	await from.close();
	await rm(temp, { recursive: true });
});

it.each([
	["begins behind 4 GiB", { start: 2 ** 32 + 5 }],
	[
		"is larger than 4 GiB",
		{ size: 2 ** 32 + 1, blocks: Buffer.alloc(4 * 1025) },
	],
	["has holes", { sparse: 4096 }],
])("a file that %s gets the extended inode", (_, change) => {
	const inode = file(5, [9]);
	inode.body = { ...inode.body, ...change };
	const place = { number: 1, links: 1, uid: 0, gid: 0, xattr: undefined };
	const bytes = encodeInode(inode, place);
	expect(bytes.readUInt16LE(0)).toBe(9);
	const context = { image: 0, blockSize: 4 << 20, ids: [0], xattrs: [] };
	const isSmall = inode.body.size < 2 ** 32;
	const read = decodeInode(bytes, 0, {
		...context,
		blockSize: isSmall ? 4096 : 4 << 20,
	});
	expect(read.inode).toEqual(inode);
});
