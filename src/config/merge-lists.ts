import { isDeepStrictEqual } from "node:util";
import { type Json, type KeyPath, showPath } from "./json.ts";
import { mention } from "./layer.ts";
import {
	change,
	isWholeReference,
	kindWord,
	type MergeContext,
} from "./merge-context.ts";
import { defaultAt, kindsOf, schemasAt } from "./schema-walk.ts";
import { suggestion } from "./suggest.ts";
import {
	markKey,
	type Node,
	nodeOfPlain,
	type RawEntry,
	toPlain,
} from "./tree.ts";

/**
 * Carries out `key+`, `+key` or `key-` on what the layers below made of `key` (or on the schema's default).
 * @param given the entry's items, ready to be put into the tree
 * @returns the changed list, or what was there before when the change makes no sense (a problem tells)
 */
export function changeList(
	old: Node | undefined,
	entry: RawEntry,
	given: readonly Node[],
	context: MergeContext,
	path: KeyPath,
): Node | undefined {
	const { value, operation, keyOrigin } = entry;
	const written = markKey(entry.name, operation);
	// `packages+:` whose items are all commented out
	if (value.kind === "scalar" && value.value === null) return old;
	let items = given;
	if (
		operation !== "remove" &&
		value.kind === "scalar" &&
		isWholeReference(value)
	)
		items = [{ ...value, history: [], spread: true }];
	else if (value.kind !== "list") {
		context.problems.add(
			"CONFIG_LIST_EXPECTED",
			`'${written}' changes a list, so it needs a list, but this is a ${kindWord(value)}`,
			value.origin,
			value.kind === "scalar" ? `write [${String(value.value)}]` : undefined,
		);
		return old;
	}
	const below = itemsBelow(old, entry, context, path);
	if (!below) return old;
	const base = {
		kind: "list" as const,
		origin: value.origin,
		keyOrigin,
	};
	const history = old?.history ?? [];
	if (operation === "remove") {
		const kept = removeItems(below, items, written, context);
		return {
			...base,
			items: kept,
			history: [...history, change("removed", value)],
		};
	}
	const append = operation === "append";
	return {
		...base,
		items: append ? [...below, ...items] : [...items, ...below],
		history: [...history, change(append ? "appended" : "prepended", value)],
	};
}

function itemsBelow(
	old: Node | undefined,
	entry: RawEntry,
	{ problems, schema }: MergeContext,
	path: KeyPath,
): readonly Node[] | undefined {
	if (old?.kind === "list") return old.items;
	if (!old || old.kind === "removed") {
		const standard = old ? undefined : defaultAt(schema, path);
		return Array.isArray(standard)
			? standard.map((item) => nodeOfPlain(item as Json, entry.value.origin))
			: [];
	}
	if (old.kind === "scalar") {
		if (isWholeReference(old)) return [{ ...old, spread: true }];
		const kinds = kindsOf(schemasAt(schema, path));
		if (kinds.has("scalar") && kinds.has("list")) return [old];
	}
	problems.add(
		"CONFIG_KIND_CLASH",
		`'${markKey(entry.name, entry.operation)}' changes a list, but '${showPath(path)}' is a ${kindWord(old)} at ${mention(old.origin)}`,
		entry.keyOrigin,
	);
	return undefined;
}

function removeItems(
	below: readonly Node[],
	unwanted: readonly Node[],
	written: string,
	{ problems }: MergeContext,
): Node[] {
	let kept = [...below];
	for (const node of unwanted) {
		const value = toPlain(node);
		const rest = kept.filter(
			(item) => !isDeepStrictEqual(toPlain(item), value),
		);
		if (rest.length === kept.length)
			problems.add(
				"CONFIG_REMOVE_ABSENT",
				`'${written}' in ${node.origin.layer.label} removes ${show(value)}, which is not in the list below`,
				node.origin,
				typeof value === "string"
					? suggestion(value, texts(kept), "the list below has")
					: undefined,
			);
		kept = rest;
	}
	return kept;
}

function texts(items: readonly Node[]): string[] {
	return items
		.map(toPlain)
		.filter((item): item is string => typeof item === "string");
}

function show(value: Json): string {
	return typeof value === "string" ? `'${value}'` : JSON.stringify(value);
}
