import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PackageRecord } from "../backend.ts";

/** What is installed according to a pacman database (its `local/`), sorted by name. */
export async function listPackages(database: string): Promise<PackageRecord[]> {
	const folder = join(database, "local");
	const packages: PackageRecord[] = [];
	for (const entry of await readdir(folder, { withFileTypes: true })) {
		if (!entry.isDirectory()) continue;
		packages.push(
			parseDesc(await readFile(join(folder, entry.name, "desc"), "utf8")),
		);
	}
	return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Reads a `desc` file: `%FIELD%` lines, each followed by its values and an empty line. In the local
 * database %SIZE% is the installed size in bytes; in a repository's, %ISIZE% is.
 */
export function parseDesc(text: string): PackageRecord {
	const fields = new Map<string, string>();
	const lines = text.split("\n");
	lines.forEach((line, index) => {
		const name = /^%([A-Z0-9]+)%$/.exec(line)?.[1];
		if (name) fields.set(name, lines[index + 1] ?? "");
	});
	return {
		name: fields.get("NAME") ?? "",
		version: fields.get("VERSION") ?? "",
		arch: fields.get("ARCH") ?? "",
		size: Number(fields.get("SIZE") ?? fields.get("ISIZE") ?? 0),
	};
}
