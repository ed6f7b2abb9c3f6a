/** One paragraph of a Debian control file, field names in lower case (deb822(5)). */
export type Stanza = Readonly<Record<string, string>>;

/** One package of a relation field, e.g. `libc6 (>= 2.38)` (Debian Policy 7.1). */
export interface Relation {
	name: string;
	operator?: "<<" | "<=" | "=" | ">=" | ">>";
	version?: string;
}

/** Splits control text into stanzas; continuation lines keep their line breaks, comments go. */
export function parseStanzas(text: string): Stanza[] {
	const stanzas: Stanza[] = [];
	for (const paragraph of text.split(/\n[ \t]*\n/)) {
		const fields: Record<string, string> = {};
		let last: string | undefined;
		for (const line of paragraph.split("\n")) {
			if (line.startsWith("#") || line.trim() === "") continue;
			const field = /^([^\s:]+):\s*(.*)$/.exec(line);
			if (field?.[1] && !/^\s/.test(line)) {
				last = field[1].toLowerCase();
				fields[last] = field[2] ?? "";
			} else if (last !== undefined) {
				fields[last] = `${fields[last]}\n${line.trim()}`;
			}
		}
		if (last !== undefined) stanzas.push(fields);
	}
	return stanzas;
}

/**
 * Parses a relation field into its conjunction of alternatives. Architecture qualifiers (`:any`) are
 * dropped, because there is one architecture here.
 */
export function parseRelations(field: string | undefined): Relation[][] {
	if (!field?.trim()) return [];
	return field
		.split(",")
		.map((group) => group.trim())
		.filter((group) => group !== "")
		.map((group) => group.split("|").map(parseRelation));
}

function parseRelation(text: string): Relation {
	const match =
		/^([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>)\s*([^\s)]+)\s*\))?/.exec(
			text.trim(),
		);
	if (!match?.[1]) throw new Error(`not a Debian relation: '${text}'`);
	const [, name, operator, version] = match;
	if (operator === undefined || version === undefined) return { name };
	return {
		name,
		operator: operator as NonNullable<Relation["operator"]>,
		version,
	};
}
