import * as z from "zod";
import { type KeyPath, valueAt } from "./json.ts";
import type { Kind } from "./tree.ts";

type Schema = z.core.$ZodType;
type Definition = z.core.$ZodTypes["_zod"]["def"];

/** One thing that a place in the config may be, its wrappers (optional, default, union…) taken off. */
export interface Alternative {
	readonly schema: Schema;
	readonly definition: Definition;
	/** Marked by `.meta({ path: true })` on it or on a wrapper. */
	readonly isPath: boolean;
}

/** What `schema` may be, without wrappers; unions and intersections give several. */
export function alternatives(schema: Schema, isPath = false): Alternative[] {
	const path = isPath || z.globalRegistry.get(schema)?.path === true;
	const { def: definition } = (schema as z.core.$ZodTypes)._zod;
	switch (definition.type) {
		case "optional":
		case "nullable":
		case "default":
		case "prefault":
		case "nonoptional":
		case "readonly":
		case "catch":
		case "success":
		case "promise":
			return alternatives(definition.innerType, path);
		case "lazy":
			return alternatives(definition.getter(), path);
		case "union":
			return definition.options.flatMap((option) => alternatives(option, path));
		case "intersection":
			return [definition.left, definition.right].flatMap((side) =>
				alternatives(side, path),
			);
		case "pipe":
			// The input decides what people write; a preprocessing transform says nothing about it.
			return alternatives(
				(definition.in as z.core.$ZodTypes)._zod.def.type === "transform"
					? definition.out
					: definition.in,
				path,
			);
		default:
			return [{ schema, definition, isPath: path }];
	}
}

/**
 * What the config may be at `path`: empty when the schema knows no such key.
 * @param root when given, map alternatives whose fixed keys (a union's discriminator) contradict it are left out
 */
export function schemasAt(
	schema: Schema,
	path: KeyPath,
	root?: unknown,
): Alternative[] {
	let current = alternatives(schema);
	path.forEach((key, depth) => {
		const value = valueAt(root, path.slice(0, depth));
		current = current
			.filter((alternative) => fits(alternative, value))
			.flatMap((alternative) => children(alternative, key));
	});
	return current;
}

function children(
	{ definition, isPath, schema }: Alternative,
	key: string | number,
): Alternative[] {
	switch (definition.type) {
		case "object": {
			const name = String(key);
			const child = Object.hasOwn(definition.shape, name)
				? definition.shape[name]
				: definition.catchall;
			return child ? known(child) : [];
		}
		case "record":
			return known(definition.valueType);
		case "array":
			return isIndex(key) ? known(definition.element, isPath) : [];
		case "tuple": {
			const item = isIndex(key)
				? (definition.items[Number(key)] ?? definition.rest)
				: undefined;
			return item ? known(item) : [];
		}
		case "any":
		case "unknown":
			return [{ schema, definition, isPath: false }];
		default:
			return [];
	}
}

/** `never` is how zod writes that there is nothing. */
function known(schema: Schema, isPath = false): Alternative[] {
	return alternatives(schema, isPath).filter(
		({ definition }) => definition.type !== "never",
	);
}

function isIndex(key: string | number): boolean {
	return /^\d+$/.test(String(key));
}

function fits({ definition }: Alternative, value: unknown): boolean {
	if (definition.type !== "object") return true;
	return Object.entries(definition.shape).every(([key, child]) => {
		const fixed = (child as z.core.$ZodTypes)._zod.def;
		if (fixed.type !== "literal") return true;
		const given = valueAt(value, [key]);
		return given === undefined || fixed.values.includes(given as string);
	});
}

/** The values that are allowed by name (enum, literal) among `options`. */
export function namedValues(options: readonly Alternative[]): unknown[] {
	return options.flatMap(({ definition }) =>
		definition.type === "enum"
			? Object.values(definition.entries)
			: definition.type === "literal"
				? definition.values
				: [],
	);
}

/** True when a text at this place is a path relative to the layer that wrote it. */
export function isPathText(
	options: readonly Alternative[],
	text: string,
): boolean {
	if (namedValues(options).includes(text)) return false;
	return options.some(
		({ definition, isPath }) => isPath && definition.type === "string",
	);
}

/** Which kinds the schema allows; empty where anything goes or nothing is known. */
export function kindsOf(options: readonly Alternative[]): Set<Kind> {
	const kinds = new Set<Kind>();
	for (const { definition } of options) {
		if (definition.type === "any" || definition.type === "unknown")
			return new Set();
		if (definition.type === "object" || definition.type === "record")
			kinds.add("map");
		else if (definition.type === "array" || definition.type === "tuple")
			kinds.add("list");
		else kinds.add("scalar");
	}
	return kinds;
}

/** The key names of the maps among `options`. */
export function keysOf(options: readonly Alternative[]): string[] {
	const keys = options.flatMap(({ definition }) =>
		definition.type === "object" ? Object.keys(definition.shape) : [],
	);
	return [...new Set(keys)];
}

/** The schema's own default at `path`, or undefined. */
export function defaultAt(schema: Schema, path: KeyPath): unknown {
	const { def: definition } = (schema as z.core.$ZodTypes)._zod;
	switch (definition.type) {
		case "default":
		case "prefault": {
			const found = valueAt(definition.defaultValue, path);
			return found === undefined || isEmptyMap(found)
				? (defaultAt(definition.innerType, path) ?? found)
				: found;
		}
		case "optional":
		case "nullable":
		case "nonoptional":
		case "readonly":
		case "catch":
			return defaultAt(definition.innerType, path);
		case "lazy":
			return defaultAt(definition.getter(), path);
		case "pipe":
			return defaultAt(definition.in, path);
		case "union":
			for (const option of definition.options) {
				const found = defaultAt(option, path);
				if (found !== undefined) return found;
			}
			return undefined;
		case "object": {
			const [key, ...rest] = path;
			if (key === undefined || !Object.hasOwn(definition.shape, key))
				return undefined;
			const child = definition.shape[key];
			return child && defaultAt(child, rest);
		}
		default:
			return undefined;
	}
}

function isEmptyMap(value: unknown): boolean {
	return (
		typeof value === "object" &&
		value !== null &&
		!Array.isArray(value) &&
		Object.keys(value).length === 0
	);
}

/** The path of the only key called `name` near the top of the schema, to tell people where it belongs. */
export function findKey(
	schema: Schema,
	name: string,
	depth = 3,
): string[] | undefined {
	const found = new Map<string, string[]>();
	const search = (options: readonly Alternative[], path: string[]): void => {
		for (const { definition } of options) {
			if (definition.type !== "object") continue;
			for (const [key, child] of Object.entries(definition.shape)) {
				const here = [...path, key];
				if (key === name) found.set(here.join("."), here);
				else if (here.length < depth) search(alternatives(child), here);
			}
		}
	};
	search(alternatives(schema), []);
	return found.size === 1 ? [...found.values()][0] : undefined;
}
