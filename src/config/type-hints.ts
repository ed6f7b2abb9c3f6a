import type { Alternative } from "./schema-walk.ts";
import type { Node } from "./tree.ts";

/** What usually went wrong when a value is of another type than the schema wants. */
export function typeHint(
	value: unknown,
	options: readonly Alternative[],
	node: Node | undefined,
): string | undefined {
	const wants = new Set(options.map(({ definition }) => definition.type));
	const wantsText = wants.has("string") || wants.has("enum");
	if (wantsText && (typeof value === "number" || typeof value === "boolean")) {
		const written = node?.kind === "scalar" ? node.written : undefined;
		return `put it in quotes to make it a text: "${written ?? String(value)}"`;
	}
	if (wantsText && isMapOfOne(value))
		return "a text that holds ': ' must be in quotes";
	if (typeof value === "string") {
		const word = switches[value.toLowerCase()];
		if (wants.has("boolean") && word !== undefined) return `write ${word}`;
		if (wants.has("number") && value.trim() !== "") {
			if (Number.isFinite(Number(value))) return "write it without quotes";
			if (/^\d+ *[a-z]+$/i.test(value))
				return "write only the number, without a unit";
		}
	}
	if (
		wants.has("array") &&
		(typeof value === "string" || typeof value === "number")
	)
		return `write a list: [${value}]`;
	return undefined;
}

const switches: Readonly<Record<string, boolean>> = {
	yes: true,
	on: true,
	true: true,
	y: true,
	no: false,
	off: false,
	false: false,
	n: false,
};

function isMapOfOne(value: unknown): boolean {
	return (
		typeof value === "object" &&
		value !== null &&
		!Array.isArray(value) &&
		Object.keys(value).length === 1
	);
}
