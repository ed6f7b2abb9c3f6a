import type { KeyPath } from "./json.ts";
import type { Origin } from "./layer.ts";
import type { Resolved } from "./resolved.ts";
import type { MapNode, Node } from "./tree.ts";

export interface Located {
	/** The deepest node on the way to the path. */
	readonly node: Node;
	/** False when the path goes on below `node`: it is missing, or came by a reference. */
	readonly exact: boolean;
	/** The best place for messages about the key. */
	readonly keyPlace: Origin;
}

/** Finds who wrote the value at `path` of the resolved config. */
export function locate(
	root: MapNode,
	resolved: Resolved | undefined,
	path: KeyPath,
): Located {
	let node: Node = root;
	let value = resolved;
	let keyPlace = root.origin;
	for (const key of path) {
		let next: Node | undefined;
		if (node.kind === "map") {
			next = node.entries.get(String(key));
			value =
				value?.kind === "map" ? value.entries.get(String(key)) : undefined;
		} else if (node.kind === "list") {
			const index = Number(key);
			next = value?.kind === "list" ? value.writers[index] : node.items[index];
			value = value?.kind === "list" ? value.items[index] : undefined;
		}
		if (!next) return { node, exact: false, keyPlace };
		node = next;
		keyPlace = node.keyOrigin ?? node.origin;
	}
	return { node, exact: true, keyPlace };
}
