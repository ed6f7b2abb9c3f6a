import type { Json, KeyPath, Scalar } from "./json.ts";
import type { Node } from "./tree.ts";

/** A value with its references replaced. `node` is what the layers wrote at that place. */
export type Resolved = ResolvedMap | ResolvedList | ResolvedScalar;

interface ResolvedBase {
	/** How much printing this would take; what references multiply is limited by it. */
	readonly size: number;
}

interface ResolvedMap extends ResolvedBase {
	readonly kind: "map";
	readonly entries: ReadonlyMap<string, Resolved>;
}

interface ResolvedList extends ResolvedBase {
	readonly kind: "list";
	readonly items: readonly Resolved[];
	/** For each item the node that wrote it; differs from the list's own where a reference was spread. */
	readonly writers: readonly Node[];
}

export interface ResolvedScalar extends ResolvedBase {
	readonly kind: "scalar";
	readonly value: Scalar;
	/** Came from the environment or a file, or holds something that did. */
	readonly secret: boolean;
	/** Nothing but text from outside, which has no types: `"2048"` may stand for a number. */
	readonly untyped: boolean;
	/** The folder that a relative path in it is relative to. */
	readonly folder: string;
	/** A problem was told already; validation is to keep quiet about it. */
	readonly broken: boolean;
}

/** Visits every scalar with its path, in order. */
export function visitScalars(
	value: Resolved,
	visitor: (scalar: ResolvedScalar, path: KeyPath) => void,
	path: KeyPath = [],
): void {
	if (value.kind === "scalar") visitor(value, path);
	else if (value.kind === "list")
		value.items.forEach((item, index) => {
			visitScalars(item, visitor, [...path, index]);
		});
	else
		for (const [key, item] of value.entries)
			visitScalars(item, visitor, [...path, key]);
}

/** Plain data, each scalar as `read` gives it. */
export function plainOf(
	value: Resolved,
	read: (scalar: ResolvedScalar, path: KeyPath) => Scalar,
	path: KeyPath = [],
): Json {
	if (value.kind === "scalar") return read(value, path);
	if (value.kind === "list")
		return value.items.map((item, index) =>
			plainOf(item, read, [...path, index]),
		);
	const plain: Record<string, Json> = {};
	for (const [key, item] of value.entries)
		plain[key] = plainOf(item, read, [...path, key]);
	return plain;
}

/** A scalar that no reference made. */
export function plainScalar(value: Scalar, folder: string): ResolvedScalar {
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
