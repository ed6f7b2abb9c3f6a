import { maskSecrets } from "../system/secrets.ts";
import type { Json, KeyPath } from "./json.ts";

/** A copy of the config as data, each secret replaced by `(secret)`. What JSON cannot hold is left out. */
export function redact(value: unknown, secretPaths: readonly KeyPath[]): Json {
	const secrets = new Set(secretPaths.map((path) => pathKey(path)));
	const visit = (item: unknown, path: KeyPath): Json | undefined => {
		if (secrets.has(pathKey(path))) return "(secret)";
		if (typeof item === "string") return maskSecrets(item);
		if (item === null || typeof item === "number" || typeof item === "boolean")
			return item;
		if (Array.isArray(item))
			return item.map((inner, index) => visit(inner, [...path, index]) ?? null);
		if (typeof item !== "object") return undefined;
		const copy: Record<string, Json> = {};
		for (const [key, inner] of Object.entries(item)) {
			const shown = visit(inner, [...path, key]);
			if (shown !== undefined) copy[key] = shown;
		}
		return copy;
	};
	return visit(value, []) ?? null;
}

function pathKey(path: KeyPath): string {
	return JSON.stringify(path.map(String));
}
