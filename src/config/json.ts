/** Data as YAML and JSON can write it. */
export type Scalar = string | number | boolean | null;
export type Json =
	| Scalar
	| readonly Json[]
	| { readonly [key: string]: Json | undefined };

/** Keys and list indexes from the top of the config, e.g. `["rootfs", "packages", 0]`. */
export type KeyPath = readonly (string | number)[];

/** `rootfs.packages.0`, as people write it in references and on the command line. */
export function showPath(path: KeyPath): string {
	return path.join(".");
}

/** The value at `path`, or undefined; looks only at own properties, so `constructor` finds nothing. */
export function valueAt(root: unknown, path: KeyPath): unknown {
	let value = root;
	for (const key of path) {
		if (typeof value !== "object" || value === null) return undefined;
		if (!Object.hasOwn(value, key)) return undefined;
		value = (value as Record<string | number, unknown>)[key];
	}
	return value;
}

/** Objects written as `{…}` in a module (or by JSON): no class instances, dates or maps. */
export function isPlainObject(
	value: unknown,
): value is Record<string, unknown> {
	if (typeof value !== "object" || value === null) return false;
	// Modules may run in another realm, whose Object.prototype is not ours but also has no parent.
	const prototype: unknown = Object.getPrototypeOf(value);
	return prototype === null || Object.getPrototypeOf(prototype) === null;
}
