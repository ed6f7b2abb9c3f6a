import type { z } from "zod";
import type { Problems } from "./problems.ts";
import { type Change, type Node, type RawNode, rawToPlain } from "./tree.ts";

/** What merging must know besides the two trees. */
export interface MergeContext {
	readonly problems: Problems;
	/** Tells which kinds may replace each other, and the defaults that lists are appended to. */
	readonly schema: z.core.$ZodType;
}

/** A line of history for what a layer wrote. */
export function change(action: Change["action"], value: RawNode): Change {
	return { action, origin: value.origin, value: rawToPlain(value) };
}

export function kindWord(node: Node | RawNode): string {
	return node.kind === "scalar" ? "single value" : node.kind;
}

/** True for a text that is one reference and nothing else: it may stand for a value of any kind. */
export function isWholeReference(node: Node | RawNode): boolean {
	return (
		node.kind === "scalar" &&
		typeof node.value === "string" &&
		/^\$\{[^}]*\}$/.test(node.value)
	);
}
