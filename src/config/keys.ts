// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the config's own references look like that
import { readKey } from "./tree.ts";

/** What is wrong with a key as written, whatever the schema says; undefined when it is fine. */
export function keyProblem(
	key: string,
): { message: string; hint: string | undefined } | undefined {
	if (key === "") return { message: "a key is empty", hint: "name it" };
	if (key === "<<")
		return {
			message: "YAML merge keys (<<) are not supported",
			hint: "layers and `extends` merge maps; a value is repeated by a reference, ${other.key}",
		};
	const parsed = readKey(key);
	if (!parsed)
		return {
			message: `'${key}' is not a usable key`,
			hint: "a list is changed by one of `key+` (append), `+key` (prepend), `key-` (remove)",
		};
	// Plain objects are made from these; this one key would set their prototype.
	if (parsed.name === "__proto__")
		return { message: "the key '__proto__' is reserved", hint: undefined };
	if (key.includes("${"))
		return {
			message: `the key '${key}' holds a reference; only values may`,
			hint: undefined,
		};
	return undefined;
}
