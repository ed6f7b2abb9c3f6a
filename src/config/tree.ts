import type { Json, KeyPath, Scalar } from "./json.ts";
import type { Origin } from "./layer.ts";

/** What a key asks for: `key`, `key+`, `+key`, `key-`. */
export type Operation = "set" | "append" | "prepend" | "remove";

/** A value as one layer wrote it. */
export type RawNode = RawMap | RawList | RawScalar;

export interface RawMap {
	readonly kind: "map";
	readonly origin: Origin;
	readonly entries: readonly RawEntry[];
}

export interface RawEntry {
	readonly name: string;
	readonly operation: Operation;
	readonly keyOrigin: Origin;
	readonly value: RawNode;
}

interface RawList {
	readonly kind: "list";
	readonly origin: Origin;
	readonly items: readonly RawNode[];
}

export interface RawScalar {
	readonly kind: "scalar";
	readonly origin: Origin;
	readonly value: Scalar;
	/** How a number was written, where that differs from its value, e.g. `1e3`. */
	readonly written?: string;
	/** Finds the place of a piece of the text, for errors inside of strings. */
	readonly placeInside?: (piece: string) => Origin;
}

/** One line of `dock0 explain`. */
export interface Change {
	readonly action: "set" | "overrode" | "appended" | "prepended" | "removed";
	readonly origin: Origin;
	/** What that layer wrote, references unresolved. */
	readonly value: Json;
}

/** A value after all layers; knows who made it. */
export type Node = MapNode | ListNode | ScalarNode | RemovedNode;

interface NodeBase {
	readonly origin: Origin;
	/** Where the key was written last; items of lists have none. */
	readonly keyOrigin?: Origin;
	readonly history: readonly Change[];
}

export interface MapNode extends NodeBase {
	readonly kind: "map";
	/** A Map, so that a key such as `constructor` is only a key. */
	readonly entries: ReadonlyMap<string, Node>;
}

export interface ListNode extends NodeBase {
	readonly kind: "list";
	readonly items: readonly Node[];
}

export interface ScalarNode
	extends NodeBase,
		Pick<RawScalar, "written" | "placeInside"> {
	readonly kind: "scalar";
	readonly value: Scalar;
	/** Set on a reference in a list that stands for items of the list, not for one item. */
	readonly spread?: true;
}

/** A key that a layer set to null: absent, but `explain` remembers it. */
interface RemovedNode extends NodeBase {
	readonly kind: "removed";
}

/** What kind of thing a value is in words and for the merge. */
export type Kind = "map" | "list" | "scalar";

/** The plain value of a node; removed keys are left out. */
export function toPlain(node: Node): Json {
	if (node.kind === "scalar") return node.value;
	if (node.kind === "list") return node.items.map(toPlain);
	if (node.kind === "removed") return null;
	const plain: Record<string, Json> = {};
	for (const [key, value] of node.entries)
		if (value.kind !== "removed") plain[key] = toPlain(value);
	return plain;
}

/** A tree for data that no layer wrote, such as a default of the schema; `origin` stands for all of it. */
export function nodeOfPlain(value: Json, origin: Origin): Node {
	const base = { origin, history: [] };
	if (value === null || typeof value !== "object")
		return { ...base, kind: "scalar", value };
	if (Array.isArray(value))
		return {
			...base,
			kind: "list",
			items: value.map((item: Json) => nodeOfPlain(item, origin)),
		};
	const entries = Object.entries(value).flatMap(([key, item]) =>
		item === undefined ? [] : [[key, nodeOfPlain(item, origin)] as const],
	);
	return { ...base, kind: "map", entries: new Map(entries) };
}

/** The plain value of what a layer wrote; operations keep their mark in the key. */
export function rawToPlain(node: RawNode): Json {
	if (node.kind === "scalar") return node.value;
	if (node.kind === "list") return node.items.map(rawToPlain);
	const plain: Record<string, Json> = {};
	for (const { name, operation, value } of node.entries)
		plain[markKey(name, operation)] = rawToPlain(value);
	return plain;
}

/** The node at `path`, if there is one. */
export function nodeAt(
	root: Node,
	path: readonly (string | number)[],
): Node | undefined {
	let node: Node | undefined = root;
	for (const key of path) {
		if (node?.kind === "map") node = node.entries.get(String(key));
		else if (node?.kind === "list" && /^\d+$/.test(String(key)))
			node = node.items[Number(key)];
		else return undefined;
	}
	return node;
}

/** Writes an operation into a key: `packages` and append make `packages+`. */
export function markKey(name: string, operation: Operation): string {
	if (operation === "append") return `${name}+`;
	if (operation === "prepend") return `+${name}`;
	if (operation === "remove") return `${name}-`;
	return name;
}

/** Reads the operation out of a written key; undefined when both ends are marked or nothing is left. */
export function readKey(
	key: string,
): { name: string; operation: Operation } | undefined {
	const front = key.startsWith("+");
	const back = /[+-]$/.exec(key)?.[0];
	if (front && back) return undefined;
	const name = front ? key.slice(1) : back ? key.slice(0, -1) : key;
	if (name === "") return undefined;
	if (front) return { name, operation: "prepend" };
	if (back) return { name, operation: back === "+" ? "append" : "remove" };
	return { name, operation: "set" };
}

/** `packages.00` finds item 0; remembering it under one name keeps the circle check whole. */
export function normalPath(root: Node, path: readonly string[]): KeyPath {
	return path.map((key, depth) =>
		nodeAt(root, path.slice(0, depth))?.kind === "list" ? Number(key) : key,
	);
}
