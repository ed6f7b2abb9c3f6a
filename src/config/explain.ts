import type { Where } from "../system/errors.ts";
import { maskSecrets } from "../system/secrets.ts";
import { type Json, type KeyPath, showPath } from "./json.ts";
import { placeOf } from "./layer.ts";
import { locate } from "./located.ts";
import type { Resolved } from "./resolved.ts";
import type { Change, MapNode, Node } from "./tree.ts";

/** How one setting got its value. */
export interface Explanation {
	readonly key: string;
	/** Undefined when a layer removed the key and there is no default. */
	readonly value: Json | undefined;
	/** Who won; undefined for defaults of dock0. */
	readonly where?: Where;
	/** The winning layer, or `default`. */
	readonly from: string;
	readonly secret: boolean;
	/** Oldest first. */
	readonly history: readonly HistoryLine[];
}

interface HistoryLine {
	readonly action: Change["action"];
	readonly layer: string;
	readonly where: Where;
	/** What the layer wrote, references unresolved. */
	readonly value: Json;
}

export interface ExplainInput {
	readonly root: MapNode;
	readonly resolved: Resolved;
	/** The validated config, secrets replaced. */
	readonly redacted: Json;
	readonly isSecret: (path: KeyPath) => boolean;
}

/** One explanation for each setting at or below `path`; a list is one setting unless it holds `path`. */
export function explainAll(input: ExplainInput, path: KeyPath): Explanation[] {
	const found = new Map<string, Explanation>();
	const start = valueIn(input.redacted, path);
	if (start !== undefined)
		forEachSetting(start, path, (value, here) => {
			found.set(showPath(here), explainOne(input, value, here));
		});
	// Removed keys are in the tree only.
	const located = locate(input.root, input.resolved, path);
	if (located.exact)
		forEachRemoved(located.node, path, (here) => {
			const key = showPath(here);
			if (!found.has(key)) found.set(key, explainOne(input, undefined, here));
		});
	return [...found.values()];
}

function explainOne(
	{ root, resolved, isSecret }: ExplainInput,
	value: Json | undefined,
	path: KeyPath,
): Explanation {
	const { node, exact } = locate(root, resolved, path);
	// Below a reference, the reference is what a layer wrote.
	const known = exact || node.kind === "scalar" ? node : undefined;
	const isDefault = !known || (known.kind === "removed" && value !== undefined);
	return {
		key: showPath(path),
		value,
		...(isDefault ? {} : { where: placeOf(known.origin) }),
		from: isDefault ? "default" : known.origin.layer.label,
		secret: isSecret(path),
		history: (known?.history ?? []).map(({ action, origin, value: wrote }) => ({
			action,
			layer: origin.layer.label,
			where: placeOf(origin),
			value: wrote,
		})),
	};
}

function forEachSetting(
	value: Json,
	path: KeyPath,
	visit: (value: Json, path: KeyPath) => void,
): void {
	if (value === null || typeof value !== "object" || Array.isArray(value)) {
		visit(value, path);
		return;
	}
	const entries = Object.entries(value);
	if (entries.length === 0 && path.length > 0) visit(value, path);
	for (const [key, item] of entries)
		if (item !== undefined) forEachSetting(item, [...path, key], visit);
}

function forEachRemoved(
	node: Node,
	path: KeyPath,
	visit: (path: KeyPath) => void,
): void {
	if (node.kind === "removed" && node.history.length > 0) visit(path);
	if (node.kind !== "map") return;
	for (const [key, item] of node.entries)
		forEachRemoved(item, [...path, key], visit);
}

function valueIn(root: Json, path: KeyPath): Json | undefined {
	let value: Json | undefined = root;
	for (const key of path) {
		if (typeof value !== "object" || value === null) return undefined;
		if (!Object.hasOwn(value, key)) return undefined;
		value = (value as { [key: string]: Json | undefined })[key];
	}
	return value;
}

/** The explanations as text for a terminal, secrets masked. */
export function formatExplanation(list: readonly Explanation[]): string {
	return maskSecrets(list.map(formatOne).join("\n"));
}

function formatOne(item: Explanation): string {
	const value = item.value === undefined ? "(removed)" : show(item.value);
	const lines = [`${item.key}: ${value}`];
	if (item.history.length === 0) {
		const place = item.where ? `${item.from}:${item.where.line}` : undefined;
		lines.push(place ? `  set by ${place}` : "  default");
	}
	for (const { action, layer, where, value: wrote } of item.history)
		lines.push(`  ${verbs[action]} ${layer}:${where.line}  ${show(wrote)}`);
	if (item.from === "default" && item.history.length > 0)
		lines.push("  default since");
	return lines.join("\n");
}

const verbs: Readonly<Record<Change["action"], string>> = {
	set: "set by      ",
	overrode: "replaced by ",
	appended: "appended by ",
	prepended: "prepended by",
	removed: "removed by  ",
};

function show(value: Json): string {
	if (value === null) return "";
	if (Array.isArray(value) && value.every((item) => typeof item === "string"))
		return `[${value.join(", ")}]`;
	return typeof value === "string" ? value : JSON.stringify(value);
}
