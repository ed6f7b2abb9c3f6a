import { resolve as resolvePath } from "node:path";
import type { z } from "zod";
import { type Json, type KeyPath, showPath } from "./json.ts";
import type { Origin } from "./layer.ts";
import { valueFromOutside } from "./outside.ts";
import { absolutePath, folderOf } from "./paths.ts";
import type { Problems } from "./problems.ts";
import { type Part, parseText } from "./reference-text.ts";
import { plainScalar, type Resolved, type ResolvedScalar } from "./resolved.ts";
import { defaultAt } from "./schema-walk.ts";
import {
	type ListNode,
	type MapNode,
	type Node,
	nodeAt,
	nodeOfPlain,
	normalPath,
	type ScalarNode,
	toPlain,
} from "./tree.ts";
import { unknownKeyReference } from "./unknown-reference.ts";

/** Characters and values that a config may come to once references have copied its parts. */
const largestResolved = 4_000_000;

export interface ReferenceContext {
	readonly root: MapNode;
	readonly schema: z.core.$ZodType;
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly problems: Problems;
	/** Told the absolute path of each file that a reference reads. */
	readonly onFile?: (path: string) => void;
}

/**
 * Replaces all references of the tree. What comes from the environment or a file is registered as a
 * secret and marked; so is everything that refers to it. Circles and unknown names become problems.
 */
export function resolveReferences(context: ReferenceContext): Resolved {
	const resolving: Resolving = {
		context,
		done: new Map(),
		following: [],
		plain: toPlain(context.root),
		tooLarge: false,
	};
	return resolve(resolving, context.root, []);
}

/** What one pass over the tree shares. */
interface Resolving {
	readonly context: ReferenceContext;
	readonly done: Map<string, Resolved>;
	/** Texts whose references are being followed, outermost first. */
	readonly following: string[];
	/** The whole tree as it was written. */
	readonly plain: Json;
	tooLarge: boolean;
}

function resolve(resolving: Resolving, node: Node, path: KeyPath): Resolved {
	const key = JSON.stringify(path.map(String));
	const known = resolving.done.get(key);
	if (known) return known;
	const resolved = limit(resolving, compute(resolving, node, path), node);
	resolving.done.set(key, resolved);
	return resolved;
}

function compute(resolving: Resolving, node: Node, path: KeyPath): Resolved {
	if (node.kind === "list") return resolveList(resolving, node, path);
	if (node.kind === "scalar") return resolveScalar(resolving, node, path);
	const entries = new Map<string, Resolved>();
	let size = 1;
	if (node.kind === "map")
		for (const [key, value] of node.entries) {
			if (value.kind === "removed") continue;
			const resolved = resolve(resolving, value, [...path, key]);
			entries.set(key, resolved);
			size += resolved.size;
		}
	return { kind: "map", entries, size };
}

function resolveList(
	resolving: Resolving,
	node: ListNode,
	path: KeyPath,
): Resolved {
	const items: Resolved[] = [];
	const writers: Node[] = [];
	node.items.forEach((item, index) => {
		const resolved = resolve(resolving, item, [...path, index]);
		const spread = item.kind === "scalar" && item.spread === true;
		if (spread && resolved.kind === "list")
			for (const inner of resolved.items) {
				items.push(inner);
				writers.push(item);
			}
		else {
			if (spread && !(resolved.kind === "scalar" && resolved.broken))
				resolving.context.problems.add(
					"CONFIG_LIST_EXPECTED",
					`'${showPath(path)}' is changed by a list, but ${String(item.value)} is a ${resolved.kind === "map" ? "map" : "single value"}`,
					item.origin,
				);
			items.push(resolved);
			writers.push(item);
		}
	});
	const size = items.reduce((sum, item) => sum + item.size, 1);
	return { kind: "list", items, writers, size };
}

function resolveScalar(
	resolving: Resolving,
	node: ScalarNode,
	path: KeyPath,
): Resolved {
	const folder = folderOf(node);
	const { value } = node;
	if (typeof value !== "string") return plainScalar(value, folder);
	if (!value.includes("${"))
		return plainScalar(absolute(resolving, value, folder, path), folder);
	const parsed = parseText(value);
	if ("error" in parsed)
		return broken(
			resolving,
			node,
			"CONFIG_BAD_REFERENCE",
			parsed.error,
			parsed.written,
			parsed.hint,
		);
	const name = showPath(path);
	const from = resolving.following.indexOf(name);
	if (from >= 0)
		return broken(
			resolving,
			node,
			"CONFIG_REFERENCE_CYCLE",
			`references form a circle: ${[...resolving.following.slice(from), name].join(" → ")}`,
			value,
		);
	resolving.following.push(name);
	const pieces = parsed.parts.map((part) => resolvePart(resolving, part, node));
	resolving.following.pop();
	const [only] = pieces;
	if (pieces.length === 1 && only)
		return only.kind === "scalar" && typeof only.value === "string"
			? { ...only, value: absolute(resolving, only.value, only.folder, path) }
			: only;
	return join(resolving, parsed.parts, pieces, node, path);
}

function resolvePart(
	resolving: Resolving,
	part: Part,
	node: ScalarNode,
): Resolved {
	const folder = folderOf(node);
	if (part.kind === "text") return plainScalar(part.text, folder);
	if (part.kind === "key") return resolveKey(resolving, part, node);
	if (part.kind === "file")
		resolving.context.onFile?.(resolvePath(folder, part.path));
	const found = valueFromOutside(part, folder, resolving.context.environment);
	if (found.kind === "scalar") return found;
	return broken(
		resolving,
		node,
		found.code,
		found.message,
		part.written,
		found.hint,
	);
}

function resolveKey(
	resolving: Resolving,
	part: Extract<Part, { kind: "key" }>,
	node: ScalarNode,
): Resolved {
	const { root, schema } = resolving.context;
	const target = nodeAt(root, part.path);
	if (target && target.kind !== "removed")
		return resolve(resolving, target, normalPath(root, part.path));
	const standard = defaultAt(schema, part.path);
	if (standard !== undefined)
		return resolve(
			resolving,
			nodeOfPlain(standard as Json, node.origin),
			part.path,
		);
	const { message, hint } = unknownKeyReference(part.path, root, schema);
	return broken(
		resolving,
		node,
		"CONFIG_UNKNOWN_REFERENCE",
		message,
		part.written,
		hint,
	);
}

function join(
	resolving: Resolving,
	parts: readonly Part[],
	pieces: readonly Resolved[],
	node: ScalarNode,
	path: KeyPath,
): Resolved {
	let text = "";
	let isSecret = false;
	for (const [index, piece] of pieces.entries()) {
		if (piece.kind !== "scalar") {
			const part = parts[index];
			const written = part && part.kind !== "text" ? part.written : "";
			return broken(
				resolving,
				node,
				"CONFIG_REFERENCE_NOT_TEXT",
				`${written} is a ${piece.kind}, which cannot stand inside of a text`,
				written,
				"use the reference alone, without text around it",
			);
		}
		if (piece.broken) return piece;
		text += String(piece.value);
		isSecret ||= piece.secret;
	}
	// A path that begins with another key's text is relative to where that text was written.
	const [first] = pieces;
	const folder =
		parts[0]?.kind === "key" && first?.kind === "scalar"
			? first.folder
			: folderOf(node);
	return {
		...plainScalar(absolute(resolving, text, folder, path), folder),
		secret: isSecret,
	};
}

function absolute(
	resolving: Resolving,
	text: string,
	folder: string,
	path: KeyPath,
): string {
	return absolutePath(
		text,
		folder,
		resolving.context.schema,
		path,
		resolving.plain,
	);
}

function broken(
	resolving: Resolving,
	node: ScalarNode,
	code: string,
	message: string,
	written: string,
	hint?: string,
): ResolvedScalar {
	const place: Origin = node.placeInside?.(written) ?? node.origin;
	resolving.context.problems.add(code, message, place, hint);
	return { ...plainScalar(null, folderOf(node)), broken: true };
}

function limit(resolving: Resolving, resolved: Resolved, node: Node): Resolved {
	if (resolved.size <= largestResolved) return resolved;
	if (!resolving.tooLarge)
		resolving.context.problems.add(
			"CONFIG_REFERENCE_TOO_LARGE",
			"references multiply the config to an unreasonable size here",
			node.origin,
		);
	resolving.tooLarge = true;
	return { ...plainScalar(null, folderOf(node)), broken: true };
}
