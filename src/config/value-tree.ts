import { isPlainObject, type KeyPath, showPath } from "./json.ts";
import { keyProblem } from "./keys.ts";
import type { Origin } from "./layer.ts";
import type { Problems } from "./problems.ts";
import { type RawEntry, type RawNode, readKey } from "./tree.ts";

/** Deeper than any config, shallow enough for our recursion. */
const deepest = 100;

/**
 * Turns the value that a module exported into a tree; all of it has the same `origin`.
 * Undefined properties are left out, so that modules may write `key: condition ? value : undefined`.
 */
export function treeOfValue(
	value: unknown,
	origin: Origin,
	problems: Problems,
	path: KeyPath = [],
	above: readonly object[] = [],
): RawNode {
	const nothing: RawNode = { kind: "scalar", origin, value: null };
	const refuse = (what: string, hint?: string): RawNode => {
		problems.add(
			"CONFIG_MODULE_VALUE",
			`the module's value ${path.length ? `at '${showPath(path)}' ` : ""}is ${what}, which a config cannot hold`,
			origin,
			hint,
		);
		return nothing;
	};
	if (value === null || typeof value === "string" || typeof value === "boolean")
		return { kind: "scalar", origin, value };
	if (typeof value === "number")
		return Number.isFinite(value)
			? { kind: "scalar", origin, value }
			: refuse(`the number ${value}`);
	if (typeof value !== "object") return refuse(describe(value));
	if (above.includes(value)) return refuse("a circle: it contains itself");
	if (above.length >= deepest) return refuse("nested too deeply");
	const inside = [...above, value];
	if (Array.isArray(value))
		return {
			kind: "list",
			origin,
			items: Array.from(value, (item: unknown, index) =>
				treeOfValue(item, origin, problems, [...path, index], inside),
			),
		};
	if (!isPlainObject(value))
		return refuse(
			`an object of class ${value.constructor?.name ?? "unknown"}`,
			"use plain objects, lists, texts, numbers and booleans",
		);
	const entries: RawEntry[] = [];
	for (const [key, item] of Object.entries(value)) {
		if (item === undefined) continue;
		const wrong = keyProblem(key);
		const parsed = readKey(key);
		if (wrong || !parsed)
			problems.add("CONFIG_BAD_KEY", wrong?.message ?? "", origin, wrong?.hint);
		else
			entries.push({
				...parsed,
				keyOrigin: origin,
				value: treeOfValue(item, origin, problems, [...path, key], inside),
			});
	}
	return { kind: "map", origin, entries };
}

function describe(value: unknown): string {
	if (value === undefined) return "undefined";
	if (typeof value === "function") return "a function";
	return `a ${typeof value}`;
}
