import { resolve as resolvePath } from "node:path";
import type { z } from "zod";
import { registerSecret } from "../system/secrets.ts";
import { type Json, type KeyPath, type Scalar, showPath } from "./json.ts";
import type { Origin } from "./layer.ts";
import { absolutePath, folderOf } from "./paths.ts";
import type { Problems } from "./problems.ts";
import { type Part, parseText } from "./reference-text.ts";
import type { Resolved, ResolvedScalar } from "./resolved.ts";
import { defaultAt } from "./schema-walk.ts";
import { readSecretFile } from "./secret-file.ts";
import {
	type ListNode,
	type MapNode,
	type Node,
	nodeAt,
	nodeOfPlain,
	type ScalarNode,
	toPlain,
} from "./tree.ts";
import { unknownKeyReference, unknownVariable } from "./unknown-reference.ts";

/** Characters and values that a config may come to once references have copied its parts. */
const largestResolved = 4_000_000;

export interface ReferenceContext {
	readonly root: MapNode;
	readonly schema: z.core.$ZodType;
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly problems: Problems;
}

/**
 * Replaces all references of the tree. What comes from the environment or a file is registered as a
 * secret and marked; so is everything that refers to it. Circles and unknown names become problems.
 */
export function resolveReferences(context: ReferenceContext): Resolved {
	return new Resolver(context).resolve(context.root, []);
}

class Resolver {
	private readonly done = new Map<string, Resolved>();
	/** Texts whose references are being followed, outermost first. */
	private readonly following: string[] = [];
	private readonly plain: Json;
	private tooLarge = false;

	constructor(private readonly context: ReferenceContext) {
		this.plain = toPlain(context.root);
	}

	resolve(node: Node, path: KeyPath): Resolved {
		const key = JSON.stringify(path.map(String));
		const known = this.done.get(key);
		if (known) return known;
		const resolved = this.limit(this.compute(node, path), node);
		this.done.set(key, resolved);
		return resolved;
	}

	private compute(node: Node, path: KeyPath): Resolved {
		if (node.kind === "list") return this.resolveList(node, path);
		if (node.kind === "scalar") return this.resolveScalar(node, path);
		const entries = new Map<string, Resolved>();
		let size = 1;
		if (node.kind === "map")
			for (const [key, value] of node.entries) {
				if (value.kind === "removed") continue;
				const resolved = this.resolve(value, [...path, key]);
				entries.set(key, resolved);
				size += resolved.size;
			}
		return { kind: "map", entries, size };
	}

	private resolveList(node: ListNode, path: KeyPath): Resolved {
		const items: Resolved[] = [];
		const writers: Node[] = [];
		node.items.forEach((item, index) => {
			const resolved = this.resolve(item, [...path, index]);
			const spread = item.kind === "scalar" && item.spread === true;
			if (spread && resolved.kind === "list")
				for (const inner of resolved.items) {
					items.push(inner);
					writers.push(item);
				}
			else {
				if (spread && !(resolved.kind === "scalar" && resolved.broken))
					this.context.problems.add(
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

	private resolveScalar(node: ScalarNode, path: KeyPath): Resolved {
		const folder = folderOf(node);
		const { value } = node;
		if (typeof value !== "string") return scalar(value, folder);
		if (!value.includes("${"))
			return scalar(this.absolute(value, folder, path), folder);
		const parsed = parseText(value);
		if ("error" in parsed)
			return this.broken(
				node,
				"CONFIG_BAD_REFERENCE",
				parsed.error,
				parsed.written,
				parsed.hint,
			);
		const name = showPath(path);
		const from = this.following.indexOf(name);
		if (from >= 0)
			return this.broken(
				node,
				"CONFIG_REFERENCE_CYCLE",
				`references form a circle: ${[...this.following.slice(from), name].join(" → ")}`,
				value,
			);
		this.following.push(name);
		const pieces = parsed.parts.map((part) => this.resolvePart(part, node));
		this.following.pop();
		const [only] = pieces;
		if (pieces.length === 1 && only)
			return only.kind === "scalar" && typeof only.value === "string"
				? { ...only, value: this.absolute(only.value, only.folder, path) }
				: only;
		return this.join(parsed.parts, pieces, node, path);
	}

	private resolvePart(part: Part, node: ScalarNode): Resolved {
		const folder = folderOf(node);
		if (part.kind === "text") return scalar(part.text, folder);
		if (part.kind === "key") return this.resolveKey(part, node);
		if (part.kind === "file") {
			const read = readSecretFile(resolvePath(folder, part.path));
			return "text" in read
				? secret(read.text, folder)
				: this.broken(node, "CONFIG_FILE_REFERENCE", read.error, part.written);
		}
		const { environment } = this.context;
		const given = Object.hasOwn(environment, part.name)
			? environment[part.name]
			: undefined;
		// As in the shell, `:-` also stands in for an empty variable; the default itself is no secret.
		if (part.fallback !== undefined && !given)
			return { ...scalar(part.fallback, folder), untyped: true };
		if (given !== undefined) return secret(given, folder);
		const { message, hint } = unknownVariable(part.name, environment);
		return this.broken(
			node,
			"CONFIG_UNKNOWN_VARIABLE",
			message,
			part.written,
			hint,
		);
	}

	private resolveKey(
		part: Extract<Part, { kind: "key" }>,
		node: ScalarNode,
	): Resolved {
		const { root, schema } = this.context;
		const target = nodeAt(root, part.path);
		if (target && target.kind !== "removed")
			return this.resolve(target, normalPath(root, part.path));
		const standard = defaultAt(schema, part.path);
		if (standard !== undefined)
			return this.resolve(
				nodeOfPlain(standard as Json, node.origin),
				part.path,
			);
		const { message, hint } = unknownKeyReference(part.path, root, schema);
		return this.broken(
			node,
			"CONFIG_UNKNOWN_REFERENCE",
			message,
			part.written,
			hint,
		);
	}

	private join(
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
				return this.broken(
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
			...scalar(this.absolute(text, folder, path), folder),
			secret: isSecret,
		};
	}

	private absolute(text: string, folder: string, path: KeyPath): string {
		return absolutePath(text, folder, this.context.schema, path, this.plain);
	}

	private broken(
		node: ScalarNode,
		code: string,
		message: string,
		written: string,
		hint?: string,
	): ResolvedScalar {
		const place: Origin = node.placeInside?.(written) ?? node.origin;
		this.context.problems.add(code, message, place, hint);
		return { ...scalar(null, folderOf(node)), broken: true };
	}

	private limit(resolved: Resolved, node: Node): Resolved {
		if (resolved.size <= largestResolved) return resolved;
		if (!this.tooLarge)
			this.context.problems.add(
				"CONFIG_REFERENCE_TOO_LARGE",
				"references multiply the config to an unreasonable size here",
				node.origin,
			);
		this.tooLarge = true;
		return { ...scalar(null, folderOf(node)), broken: true };
	}
}

/** `packages.00` finds item 0; remembering it under one name keeps the circle check whole. */
function normalPath(root: Node, path: readonly string[]): KeyPath {
	return path.map((key, depth) =>
		nodeAt(root, path.slice(0, depth))?.kind === "list" ? Number(key) : key,
	);
}

function scalar(value: Scalar, folder: string): ResolvedScalar {
	const size = typeof value === "string" ? value.length + 1 : 1;
	return {
		kind: "scalar",
		value,
		secret: false,
		untyped: false,
		folder,
		broken: false,
		size,
	};
}

function secret(text: string, folder: string): ResolvedScalar {
	registerSecret(text);
	return { ...scalar(text, folder), secret: true, untyped: true };
}
