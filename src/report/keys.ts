import { relative } from "node:path";
import type { KeyFiles } from "../release/keys.ts";

/** What to do with a key pair that was just made. */
export function describeNewKey(key: KeyFiles): string {
	return [
		`made ${shown(key.privateFile)} (private: keep it secret, and keep a copy) and ${shown(key.publicFile)}, id ${key.id}`,
		"sign with it:",
		"  release:",
		`    sign: { key: ${shown(key.privateFile)} }`,
	].join("\n");
}

/** A line a key: id, name, whether the private half is there. */
export function describeKeys(keys: readonly KeyFiles[]): string {
	if (keys.length === 0) return "no keys; dock0 keys new makes one";
	return keys
		.map(
			({ id, name, privateFile }) =>
				`${id}  ${name}${privateFile === undefined ? "  (public half only)" : ""}`,
		)
		.join("\n");
}

/** The three releases by which hosts change from one key to the next; see docs/update.md. */
export function describeRotation({
	old,
	next,
}: {
	old: KeyFiles;
	next: KeyFiles;
}): string {
	return [
		`made ${next.name}, id ${next.id}, the successor of ${old.name}, id ${old.id}`,
		"1. release once more with the old key, trusting both, and update every host to it:",
		"  release:",
		`    sign: { key: ${shown(old.privateFile)} }`,
		`    trust: [${shown(old.publicFile)}, ${shown(next.publicFile)}]`,
		"2. from then on sign with the new key, and trust only that:",
		"  release:",
		`    sign: { key: ${shown(next.privateFile)} }`,
		`    trust: [${shown(next.publicFile)}]`,
		"3. destroy the old private key once every host runs a release of step 2",
	].join("\n");
}

/** As a config beside the folder of keys would name it. */
function shown(file: string | undefined): string {
	return file === undefined ? "(elsewhere)" : relative(".", file);
}
