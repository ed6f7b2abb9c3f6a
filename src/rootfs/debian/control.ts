import type { PackageOrigin, PackageRecord } from "../backend.ts";

/** One stanza of deb-control(5) in the form that apt's and dpkg's tools print: a package and its file. */
export interface Stanza {
	record: PackageRecord;
	origin: PackageOrigin;
	/** Names of what it depends on, the first of alternatives. */
	depends: string[];
}

/**
 * Reads stanzas of `apt-cache show`, of an index, or of `dpkg-deb --field`. The fields of an index
 * (Filename, Size, SHA256) are empty when they are missing; a stanza without name or version is left out.
 */
export function parseStanzas(text: string): Stanza[] {
	return text
		.split(/\n\n+/)
		.map(parseStanza)
		.filter((stanza) => stanza !== undefined);
}

function parseStanza(text: string): Stanza | undefined {
	const field = (name: string): string | undefined =>
		new RegExp(`^${name}: (.*)$`, "m").exec(text)?.[1]?.trim();
	const name = field("Package");
	const version = field("Version");
	const arch = field("Architecture");
	if (!name || !version || !arch) return undefined;
	return {
		record: {
			name,
			version,
			arch,
			size: Number(field("Installed-Size") ?? 0) * 1024,
		},
		origin: {
			name,
			version,
			arch,
			file: (field("Filename") ?? "").replace(/^\.\//, ""),
			sha256: field("SHA256") ?? "",
			bytes: Number(field("Size") ?? 0),
			...parseSource(field("Source"), name, version),
			homepage: field("Homepage"),
			maintainer: field("Maintainer"),
			description: field("Description"),
		},
		depends: [field("Pre-Depends"), field("Depends")]
			.flatMap((list) => (list ?? "").split(","))
			.map((alternatives) => alternatives.trim().split(/[\s|(:]/, 1)[0] ?? "")
			.filter((depends) => depends !== ""),
	};
}

/** `Source: NAME (VERSION)`, each only where it differs from the package's own (deb-control(5)). */
function parseSource(
	text: string | undefined,
	name: string,
	version: string,
): Pick<PackageOrigin, "source" | "sourceVersion"> {
	const match = /^(\S+)(?: \((.+)\))?$/.exec(text ?? "");
	return {
		source: match?.[1] === name ? undefined : match?.[1],
		sourceVersion: match?.[2] === version ? undefined : match?.[2],
	};
}

/** The name that apt gives to a package's file in its own folders, where `:` is escaped. */
export function archiveName(
	one: Pick<PackageOrigin, "name" | "version" | "arch">,
): string {
	return `${one.name}_${one.version.replaceAll(":", "%3a")}_${one.arch}.deb`;
}
