import type { Json } from "./step.ts";

/** JSON with object keys sorted and undefined members left out: equal data gives equal text. */
export function canonicalJson(value: Json | undefined): string {
	return JSON.stringify(value ?? null, (_key, member: unknown) =>
		typeof member === "object" && member !== null && !Array.isArray(member)
			? Object.fromEntries(
					Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)),
				)
			: member,
	);
}
