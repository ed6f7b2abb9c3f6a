import type { z } from "zod";
import { type Alternative, alternatives, namedValues } from "./schema-walk.ts";

/** What the schema wants, in plain words: `a text or a list of texts`. */
export function expectedWords(options: readonly Alternative[]): string {
	const phrases = new Set<string>();
	const named = namedValues(options);
	if (named.length > 0) phrases.add(oneOf(named));
	for (const option of options) {
		const words = typeWords(option, false);
		if (words) phrases.add(words);
	}
	return [...phrases].join(" or ") || "something else";
}

function typeWords(
	{ definition }: Alternative,
	plural: boolean,
): string | undefined {
	switch (definition.type) {
		case "string":
		case "template_literal":
			return plural ? "texts" : "a text";
		case "number":
			return isWhole(definition)
				? plural
					? "whole numbers"
					: "a whole number"
				: plural
					? "numbers"
					: "a number";
		case "boolean":
			return "true or false";
		case "array": {
			const items = new Set(
				alternatives(definition.element).map((item) => typeWords(item, true)),
			);
			const [only] = items;
			const what = items.size === 1 && only ? ` of ${only}` : "";
			return plural ? "lists" : `a list${what}`;
		}
		case "tuple":
			return plural ? "lists" : `a list of ${definition.items.length} items`;
		case "object":
		case "record":
			return plural ? "maps" : "a map";
		default:
			return undefined;
	}
}

function isWhole(definition: z.core.$ZodNumberDef): boolean {
	const formats = [
		(definition as { format?: string }).format,
		...(definition.checks ?? []).map(
			(check) => (check._zod.def as { format?: string }).format,
		),
	];
	return formats.some((format) => format?.includes("int") === true);
}

/** `one of a, b, c`, or the only one. */
export function oneOf(values: readonly unknown[]): string {
	const words = values.map((value) =>
		typeof value === "string" ? `'${value}'` : String(value),
	);
	return words.length === 1 ? String(words[0]) : `one of ${words.join(", ")}`;
}

/** What a value is, in plain words; long texts are cut. */
export function valueWords(value: unknown, isSecret: boolean): string {
	if (isSecret && (typeof value !== "object" || value === null))
		return "a secret text";
	if (value === null || value === undefined) return "nothing";
	if (Array.isArray(value)) return "a list";
	if (typeof value === "object") return "a map";
	if (typeof value === "string")
		return `the text '${value.length > 60 ? `${value.slice(0, 57)}…` : value}'`;
	return typeof value === "number" ? `the number ${value}` : String(value);
}
