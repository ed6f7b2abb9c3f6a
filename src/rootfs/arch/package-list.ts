import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PackageOrigin, PackageRecord } from "../backend.ts";

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

/** What the maintainers say of what is installed, sorted by name; without the files the packages came in. */
export async function listOrigins(database: string): Promise<PackageOrigin[]> {
	const folder = join(database, "local");
	const origins: PackageOrigin[] = [];
	for (const entry of await readdir(folder, { withFileTypes: true }))
		if (entry.isDirectory())
			origins.push(
				parseOrigin(await readFile(join(folder, entry.name, "desc"), "utf8")),
			);
	return origins.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Reads a `desc` file: `%FIELD%` lines, each followed by its values and an empty line. In the local
 * database %SIZE% is the installed size in bytes; in a repository's, %ISIZE% is.
 */
export function parseDesc(text: string): PackageRecord {
	const fields = parseFields(text);
	const first = (name: string): string | undefined => fields.get(name)?.[0];
	return {
		name: first("NAME") ?? "",
		version: first("VERSION") ?? "",
		arch: first("ARCH") ?? "",
		size: Number(first("SIZE") ?? first("ISIZE") ?? 0),
	};
}

/** The same file as where a package comes from; a repository's names the file, the local database's does not. */
export function parseOrigin(text: string): PackageOrigin {
	const fields = parseFields(text);
	const first = (name: string): string | undefined => fields.get(name)?.[0];
	const name = first("NAME") ?? "";
	const base = first("BASE");
	return {
		name,
		version: first("VERSION") ?? "",
		arch: first("ARCH") ?? "",
		file: first("FILENAME") ?? "",
		sha256: first("SHA256SUM") ?? "",
		bytes: Number(first("CSIZE") ?? 0),
		source: base === name ? undefined : base,
		homepage: first("URL"),
		maintainer: first("PACKAGER"),
		licences: fields.get("LICENSE"),
		description: first("DESC"),
	};
}

function parseFields(text: string): Map<string, string[]> {
	const fields = new Map<string, string[]>();
	let values: string[] = [];
	for (const line of text.split("\n")) {
		const name = /^%([A-Z0-9]+)%$/.exec(line)?.[1];
		if (name) {
			values = [];
			fields.set(name, values);
		} else if (line !== "") values.push(line);
	}
	return fields;
}
