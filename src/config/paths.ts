import { dirname, isAbsolute, resolve } from "node:path";
import type { z } from "zod";
import type { Json, KeyPath } from "./json.ts";
import { parseText, writeParts } from "./reference-text.ts";
import { isPathText, schemasAt } from "./schema-walk.ts";
import { type Node, toPlain } from "./tree.ts";

/** The folder that paths in this node are relative to. */
export function folderOf(node: Node): string {
	return dirname(node.origin.layer.file);
}

/** `text` made absolute against `folder` when the schema says that it is a path; an empty text stays. */
export function absolutePath(
	text: string,
	folder: string,
	schema: z.core.$ZodType,
	path: KeyPath,
	root: unknown,
): string {
	if (text === "" || isAbsolute(text)) return text;
	return isPathText(schemasAt(schema, path, root), text)
		? resolve(folder, text)
		: text;
}

/**
 * The tree as a module sees it: references are left as they are, but whatever is relative to the
 * layer that wrote it is made absolute, so that the module may copy it elsewhere.
 */
export function plainForModule(root: Node, schema: z.core.$ZodType): Json {
	const plain = toPlain(root);
	const visit = (node: Node, path: KeyPath): Json => {
		if (node.kind === "scalar") {
			if (typeof node.value !== "string") return node.value;
			const text = absoluteFileReferences(node.value, folderOf(node));
			// A reference at the front may itself be absolute.
			if (text.startsWith("${")) return text;
			return absolutePath(text, folderOf(node), schema, path, plain);
		}
		if (node.kind === "list")
			return node.items.map((item, index) => visit(item, [...path, index]));
		if (node.kind === "removed") return null;
		const map: Record<string, Json> = {};
		for (const [key, value] of node.entries)
			if (value.kind !== "removed") map[key] = visit(value, [...path, key]);
		return map;
	};
	return visit(root, []);
}

/** The texts of a validated config that are paths by its schema and absolute, as all are but those of programs. */
export function pathsIn(value: unknown, schema: z.core.$ZodType): string[] {
	const found = new Set<string>();
	const visit = (item: unknown, path: KeyPath): void => {
		if (typeof item === "string") {
			if (isAbsolute(item) && isPathText(schemasAt(schema, path, value), item))
				found.add(item);
			return;
		}
		if (typeof item !== "object" || item === null) return;
		for (const [key, inner] of Object.entries(item))
			visit(inner, [...path, key]);
	};
	visit(value, []);
	return [...found];
}

function absoluteFileReferences(text: string, folder: string): string {
	const parsed = parseText(text);
	if ("error" in parsed) return text;
	return writeParts(
		parsed.parts.map((part) =>
			part.kind === "file"
				? { ...part, written: `\${file:${resolve(folder, part.path)}}` }
				: part,
		),
	);
}

/** Makes relative paths absolute that came out of the schema's defaults, which no layer wrote. */
export function absoluteDefaults(
	value: unknown,
	folder: string,
	schema: z.core.$ZodType,
): unknown {
	const visit = (item: unknown, path: KeyPath): unknown => {
		if (typeof item === "string")
			return absolutePath(item, folder, schema, path, value);
		if (Array.isArray(item))
			return item.map((inner, index) => visit(inner, [...path, index]));
		if (
			typeof item !== "object" ||
			item === null ||
			Object.getPrototypeOf(item) !== Object.prototype
		)
			return item;
		return Object.fromEntries(
			Object.entries(item).map(([key, inner]) => [
				key,
				visit(inner, [...path, key]),
			]),
		);
	};
	return visit(value, []);
}
