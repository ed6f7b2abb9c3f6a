import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { Json } from "./json.ts";
import type { Layer } from "./layer.ts";
import { emptyRoot, mergeMaps } from "./merge.ts";
import { gatherProblems } from "./problems.ts";
import { toPlain } from "./tree.ts";
import { treeOfValue } from "./value-tree.ts";

const layer: Layer = {
	file: "/x/dock0.yaml",
	shownFile: "dock0.yaml",
	label: "dock0.yaml",
	kind: "yaml",
	inherited: false,
	lines: [],
};
const origin = { layer, line: 1, column: 1 };

type Data = { [key: string]: Json };

function merge(schema: z.ZodType, ...layers: Data[]): Data {
	const problems = gatherProblems();
	let root = emptyRoot(origin);
	for (const data of layers) {
		const raw = treeOfValue(data, origin, problems);
		if (raw.kind !== "map") throw new Error("not a map");
		root = mergeMaps(root, raw, { problems, schema });
	}
	problems.throwIfAny();
	return toPlain(root) as Data;
}

const anything = z.record(z.string(), z.unknown());

const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean());
const list = fc.array(scalar, { maxLength: 4 });
/** Maps whose keys say what kind of value they have, so that two of them never contradict each other. */
const { map } = fc.letrec<{ map: Data }>((tie) => ({
	map: fc
		.record(
			{
				m1: fc.oneof({ depthSize: "small" }, fc.constant({}), tie("map")),
				m2: fc.oneof({ depthSize: "small" }, fc.constant({}), tie("map")),
				l1: list,
				l2: list,
				s1: scalar,
				constructor: scalar,
				toString: scalar,
			},
			{ requiredKeys: [] },
		)
		.map((value) => ({ ...value }) as Data),
}));

describe("merging maps", () => {
	it("is associative", () => {
		fc.assert(
			fc.property(map, map, map, (a, b, c) => {
				const left = merge(anything, merge(anything, a, b), c);
				const right = merge(anything, a, merge(anything, b, c));
				expect(left).toEqual(right);
			}),
		);
	});

	it("changes nothing with an empty map, on either side", () => {
		fc.assert(
			fc.property(map, (a) => {
				expect(merge(anything, a, {})).toEqual(a);
				expect(merge(anything, {}, a)).toEqual(a);
				expect(merge(anything, a, a)).toEqual(a);
			}),
		);
	});

	it("lets the later layer win, and keeps what it does not mention", () => {
		fc.assert(
			fc.property(map, map, (a, b) => {
				const merged = merge(anything, a, b);
				expect(Object.keys(merged).sort()).toEqual(
					[...new Set([...Object.keys(a), ...Object.keys(b)])].sort(),
				);
				for (const [key, value] of Object.entries(merged))
					if (!key.startsWith("m"))
						expect(value).toEqual(Object.hasOwn(b, key) ? b[key] : a[key]);
			}),
		);
	});

	it("removes by null, and what is set again later counts", () => {
		expect(merge(anything, { a: { b: 1, c: 2 } }, { a: { b: null } })).toEqual({
			a: { c: 2 },
		});
		expect(
			merge(anything, { a: { b: 1 } }, { a: null }, { a: { c: 3 } }),
		).toEqual({ a: { c: 3 } });
		// After null another kind is welcome.
		expect(merge(anything, { a: { b: 1 } }, { a: null }, { a: [1] })).toEqual({
			a: [1],
		});
	});
});

describe("changing lists", () => {
	it("appends, prepends and removes by its laws", () => {
		fc.assert(
			fc.property(list, list, list, (a, b, c) => {
				expect(merge(anything, { l: a }, { "l+": b })).toEqual({
					l: [...a, ...b],
				});
				expect(merge(anything, { l: a }, { "+l": b })).toEqual({
					l: [...b, ...a],
				});
				// appending twice is appending both
				expect(merge(anything, { l: a }, { "l+": b }, { "l+": c })).toEqual(
					merge(anything, { l: a }, { "l+": [...b, ...c] }),
				);
				// appending and prepending do not disturb each other
				expect(merge(anything, { l: a }, { "l+": b }, { "+l": c })).toEqual(
					merge(anything, { l: a }, { "+l": c }, { "l+": b }),
				);
			}),
		);
	});

	it("undoes appended items that were not there before by removing them", () => {
		fc.assert(
			fc.property(
				fc.uniqueArray(fc.integer()),
				fc.uniqueArray(fc.string()),
				(a, b) => {
					expect(merge(anything, { l: a }, { "l+": b }, { "l-": b })).toEqual({
						l: a,
					});
				},
			),
		);
	});

	it("removes every equal item, maps and lists too", () => {
		expect(
			merge(
				anything,
				{ l: [1, { a: [1] }, 1, [2]] },
				{ "l-": [1, { a: [1] }] },
			),
		).toEqual({ l: [[2]] });
	});

	it("starts from the schema's default where no layer set the list", () => {
		const schema = z.strictObject({
			initramfs: z
				.strictObject({ modules: z.array(z.string()).default(["overlay"]) })
				.prefault({}),
		});
		expect(merge(schema, { initramfs: { "modules+": ["ext4"] } })).toEqual({
			initramfs: { modules: ["overlay", "ext4"] },
		});
		expect(merge(schema, { initramfs: { "modules-": ["overlay"] } })).toEqual({
			initramfs: { modules: [] },
		});
	});

	it("takes a single value as a list of one where the schema takes both", () => {
		const schema = z.strictObject({
			overlay: z.union([z.string(), z.array(z.string())]),
		});
		expect(merge(schema, { overlay: "a" }, { "overlay+": ["b"] })).toEqual({
			overlay: ["a", "b"],
		});
		expect(merge(schema, { overlay: ["a"] }, { overlay: "b" })).toEqual({
			overlay: "b",
		});
	});

	it("applies changes after the set in the same layer", () => {
		expect(merge(anything, { "l+": [2], l: [1], "+l": [0] })).toEqual({
			l: [0, 1, 2],
		});
	});

	it("carries out changes inside of lists of maps", () => {
		expect(merge(anything, { l: [{ "k+": [1] }] })).toEqual({
			l: [{ k: [1] }],
		});
	});
});

describe("contradictions", () => {
	it.each([
		[{ a: 1 }, { a: { b: 1 } }],
		[{ a: [1] }, { a: { b: 1 } }],
		[{ a: { b: 1 } }, { a: "x" }],
		[{ a: { b: 1 } }, { a: [] }],
		[{ a: [1] }, { a: 1 }],
		[{ a: 1 }, { "a+": [1] }],
	] as Data[][])("%j below %j", (below, above) => {
		expect(() => merge(anything, below ?? {}, above ?? {})).toThrow(
			/but .*dock0\.yaml:1/,
		);
	});

	it("does not pollute prototypes", () => {
		const evil = JSON.parse('{"a": {"__proto__": {"polluted": 1}}}') as Data;
		expect(() => merge(anything, evil)).toThrow(/__proto__/);
		expect(({} as Data).polluted).toBeUndefined();
		const merged = merge(anything, { constructor: { prototype: { x: 1 } } });
		expect(Object.hasOwn(merged, "constructor")).toBe(true);
		expect(({} as Data).x).toBeUndefined();
	});
});
