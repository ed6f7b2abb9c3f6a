import { type KeyPath, showPath } from "./json.ts";
import { mention, type Origin } from "./layer.ts";
import {
	change,
	isWholeReference,
	kindWord,
	type MergeContext,
} from "./merge-context.ts";
import { changeList } from "./merge-lists.ts";
import { kindsOf, schemasAt } from "./schema-walk.ts";
import type { MapNode, Node, RawEntry, RawMap, RawNode } from "./tree.ts";

/** A map with nothing in it, below the lowest layer. */
export function emptyRoot(origin: Origin): MapNode {
	return { kind: "map", origin, entries: new Map(), history: [] };
}

/**
 * Lays `above` over `below`: maps merge deeply, everything else replaces, `null` removes, and marked
 * keys change lists. Neither tree is changed. Contradictions are added to the problems.
 */
export function mergeMaps(
	below: MapNode,
	above: RawMap,
	context: MergeContext,
	path: KeyPath = [],
): MapNode {
	const entries = new Map(below.entries);
	// A layer that sets a list and also changes it means the change to come after.
	const ordered = above.entries.toSorted(
		(a, b) => Number(b.operation === "set") - Number(a.operation === "set"),
	);
	for (const entry of ordered) {
		const here = [...path, entry.name];
		const old = entries.get(entry.name);
		const merged =
			entry.operation === "set"
				? setValue(old, entry, context, here)
				: changeList(
						old,
						entry,
						itemsOf(entry.value, context, here),
						context,
						here,
					);
		if (merged) entries.set(entry.name, merged);
	}
	return { ...below, origin: above.origin, entries };
}

function itemsOf(value: RawNode, context: MergeContext, path: KeyPath): Node[] {
	const items = value.kind === "list" ? value.items : [];
	return items.map((item, index) => fresh(item, context, [...path, index]));
}

function setValue(
	old: Node | undefined,
	entry: RawEntry,
	context: MergeContext,
	path: KeyPath,
): Node | undefined {
	const { value, keyOrigin } = entry;
	const present = old?.kind === "removed" ? undefined : old;
	if (value.kind === "scalar" && value.value === null)
		return {
			kind: "removed",
			origin: value.origin,
			keyOrigin,
			history: present
				? [...(old?.history ?? []), change("removed", value)]
				: (old?.history ?? []),
		};
	if (present && present.kind !== value.kind) {
		const winner = settleClash(present, entry, context, path);
		if (winner === "below") return present;
	}
	if (value.kind === "map") {
		const base = present?.kind === "map" ? present : emptyRoot(value.origin);
		return { ...mergeMaps(base, value, context, path), keyOrigin };
	}
	const history = [
		...(old?.history ?? []),
		change(present ? "overrode" : "set", value),
	];
	return { ...fresh(value, context, path), keyOrigin, history };
}

/**
 * Replacing a value by one of another kind is a slip, unless the schema takes both there.
 * Returns which one to go on with, so that validation can still tell about the rest.
 */
function settleClash(
	old: Node,
	{ value, keyOrigin }: RawEntry,
	{ schema, problems }: MergeContext,
	path: KeyPath,
): "above" | "below" {
	const allowed = kindsOf(schemasAt(schema, path));
	const oldFits = old.kind !== "removed" && allowed.has(old.kind);
	const newFits = allowed.has(value.kind);
	const mayRefer = isWholeReference(old) || isWholeReference(value);
	if ((oldFits && newFits) || mayRefer) return "above";
	problems.add(
		"CONFIG_KIND_CLASH",
		`'${showPath(path)}' is a ${kindWord(value)} here but a ${kindWord(old)} at ${mention(old.origin)}`,
		keyOrigin,
		"make both the same kind, or remove the lower one first by setting it to null in a layer between",
	);
	return newFits ? "above" : "below";
}

/** A value that has nothing below it; operations inside of it are carried out on nothing. */
function fresh(value: RawNode, context: MergeContext, path: KeyPath): Node {
	const { origin } = value;
	if (value.kind === "map")
		return mergeMaps(emptyRoot(origin), value, context, path);
	if (value.kind === "scalar") return { ...value, history: [] };
	return {
		kind: "list",
		origin,
		items: itemsOf(value, context, path),
		history: [],
	};
}
