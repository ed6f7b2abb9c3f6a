import type { PackageRecord } from "../backend.ts";

/** The version of a package that apt would install. */
export interface Candidate {
	record: PackageRecord;
	/** File name of the .deb, as apt-get(8) `download` writes it. */
	file: string;
	sha256: string;
	/** Names of what it depends on, the first of alternatives. */
	depends: string[];
}

/** Reads the first stanza of `apt-cache show` (fields of deb-control(5)); undefined when there is none. */
export function parseCandidate(text: string): Candidate | undefined {
	const stanza = text.split("\n\n", 1)[0] ?? "";
	const field = (name: string): string | undefined =>
		new RegExp(`^${name}: (.*)$`, "m").exec(stanza)?.[1];
	const name = field("Package");
	const version = field("Version");
	const arch = field("Architecture");
	const sha256 = field("SHA256");
	if (!name || !version || !arch || !sha256) return undefined;
	return {
		record: {
			name,
			version,
			arch,
			size: Number(field("Installed-Size") ?? 0) * 1024,
		},
		file: `${name}_${version.replaceAll(":", "%3a")}_${arch}.deb`,
		sha256,
		depends: [field("Pre-Depends"), field("Depends")]
			.flatMap((list) => (list ?? "").split(","))
			.map((alternatives) => alternatives.trim().split(/[\s|(:]/, 1)[0] ?? "")
			.filter((depends) => depends !== ""),
	};
}
