import { expect, it } from "vitest";
import { encodeFolderInode, type Listed, layListing } from "./folders.ts";
import { readPlainTable } from "./read-table.ts";
import { plainTable } from "./write-table.ts";
import { decodeXattrs, encodeXattrSets, xattrNumbers } from "./xattr.ts";

const u32 = (value: number): Buffer => {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32LE(value);
	return bytes;
};
const key = (type: number, name: string): Buffer =>
	Buffer.concat([u32(type | (name.length << 16)), Buffer.from(name)]);
const value = (content: string): Buffer =>
	Buffer.concat([u32(content.length), Buffer.from(content)]);

it("reads xattrs whose values are elsewhere, and writes each set once", () => {
	// 9000 bytes push the second set into the second block.
	const long = "v".repeat(9000);
	const first = Buffer.concat([key(0, "a"), value(long)]);
	const elsewhere = Buffer.alloc(8);
	// The value of "a": in the first block, behind its key of 5 bytes.
	elsewhere.writeBigUInt64LE(5n);
	const second = Buffer.concat([
		key(0x100, "a"),
		Buffer.concat([u32(8), elsewhere]),
		key(2, "b"),
		value("short"),
	]);
	const stored = plainTable(Buffer.concat([first, second]));
	const table = readPlainTable(stored.bytes, 0, stored.bytes.length, "xattr");
	const sets = Buffer.alloc(32);
	sets.writeUInt32LE(1, 8);
	const secondAt = BigInt((8194 << 16) + first.length - 8192);
	sets.writeBigUInt64LE(secondAt, 16);
	sets.writeUInt32LE(2, 24);
	const read = decodeXattrs(sets, table);
	expect(read[0]?.pairs.equals(first)).toBe(true);
	expect(read[1]?.pairs.toString()).toBe(
		Buffer.concat([first, key(2, "b"), value("short")]).toString(),
	);

	const numbers = xattrNumbers();
	const again = decodeXattrs(sets, table);
	expect([...read, ...again].map(numbers.numberOf)).toEqual([0, 1, 0, 1]);
	expect(numbers.sets).toHaveLength(2);
	const encoded = encodeXattrSets(numbers.sets, [0, 8194]);
	expect(encoded.readBigUInt64LE(16)).toBe(secondAt);
});

it("begins a new header for 256 entries, another block, and distant numbers", () => {
	const entry = (n: number, changes: Partial<Listed> = {}): Listed => ({
		...{ at: n, number: n + 1, name: `n${n}`, type: "file" },
		...changes,
	});
	const firsts = (entries: Listed[]): string[] =>
		layListing(entries, 0).headers.map(({ name }) => name);
	const many = Array.from({ length: 600 }, (_, n) => entry(n));
	expect(firsts(many)).toEqual(["n0", "n256", "n512"]);
	expect(
		firsts([entry(1), entry(2, { at: 8191 }), entry(3, { at: 8192 })]),
	).toEqual(["n1", "n3"]);
	const far = (number: number): Listed[] => [
		entry(1, { number: 40_000 }),
		entry(2, { number }),
	];
	expect(firsts(far(40_000 + 32_767))).toEqual(["n1"]);
	expect(firsts(far(40_000 + 32_768))).toEqual(["n1", "n2"]);
	expect(firsts(far(40_000 - 32_768))).toEqual(["n1"]);
	expect(firsts(far(40_000 - 32_769))).toEqual(["n1", "n2"]);
});

it("writes an index of a long listing, which only linux reads", () => {
	const entries = Array.from(
		{ length: 2000 },
		(_, n): Listed => ({
			...{ at: 32 * n, number: n + 1, type: "folder" },
			name: `name-${String(n).padStart(5, "0")}`,
		}),
	);
	// It begins at the end of the third block of the table.
	const listing = layListing(entries, 3 * 8192 - 100);
	const starts = Array.from({ length: 12 }, (_, n) => 1000 * n);
	const inode = encodeFolderInode(
		{
			...{ image: 0, mode: 0, uid: 0, gid: 0, time: 0, xattrs: undefined },
			body: { type: "folder" },
		},
		{ number: 1, links: 2, uid: 0, gid: 0, xattr: undefined, parent: 2 },
		listing,
		starts,
	);
	expect(inode.readUInt32LE(24)).toBe(2000);
	expect(inode.readUInt16LE(34)).toBe(8192 - 100);
	const count = inode.readUInt16LE(32);
	const lastHeader = listing.headers.at(-1)?.at ?? 0;
	expect(count).toBe(Math.floor(lastHeader / 8192) - 2);
	expect(count).toBeGreaterThan(3);
	let at = 40;
	for (let n = 0; n < count; n++) {
		const [place, block] = [inode.readUInt32LE(at), inode.readUInt32LE(at + 4)];
		const nameEnd = at + 12 + inode.readUInt32LE(at + 8) + 1;
		const name = inode.toString("latin1", at + 12, nameEnd);
		expect(block).toBe(1000 * (3 + n));
		expect(Math.floor((listing.at + place) / 8192)).toBe(3 + n);
		// Behind the header of 12 bytes and the entry's 8 is its name.
		expect(listing.bytes.toString("latin1", place + 20, place + 30)).toBe(name);
		at = nameEnd;
	}
	expect(at).toBe(inode.length);
});
