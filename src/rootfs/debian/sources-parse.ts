/** One source of packages, as sources.list(5) knows it. */
export interface AptSource {
	uri: string;
	suite: string;
	components: string[];
	/** Options of the one-line form, e.g. `signed-by`; names in lower case. */
	options: Readonly<Record<string, string>>;
}

/**
 * Reads the one-line style of sources.list(5); comments and `deb-src` are left out, as are lines that
 * apt would reject.
 */
export function parseOneLineSources(text: string): AptSource[] {
	const sources: AptSource[] = [];
	for (const raw of text.split("\n")) {
		const line = raw.replace(/#.*/, "").trim();
		const match = /^deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)((?:\s+\S+)*)$/.exec(
			line,
		);
		if (!match?.[2] || !match[3]) continue;
		sources.push({
			uri: match[2],
			suite: match[3],
			components: words(match[4]),
			options: parseOptions(match[1]),
		});
	}
	return sources;
}

/** Reads the deb822 style of sources.list(5): one source for each URI and suite of each enabled stanza. */
export function parseDeb822Sources(text: string): AptSource[] {
	const sources: AptSource[] = [];
	for (const stanza of text.split(/\n(?:[ \t]*\n)+/)) {
		const fields = parseStanza(stanza);
		if (!words(fields.get("types")).includes("deb")) continue;
		if (/^(no|false|without|off|disable)$/i.test(fields.get("enabled") ?? ""))
			continue;
		const signedBy = fields.get("signed-by");
		for (const uri of words(fields.get("uris")))
			for (const suite of words(fields.get("suites")))
				sources.push({
					uri,
					suite,
					components: words(fields.get("components")),
					options: signedBy ? { "signed-by": signedBy } : {},
				});
	}
	return sources;
}

/** The one-line form of a source. */
export function formatSource(source: AptSource): string {
	const options = Object.entries(source.options).map(
		([name, value]) => `${name}=${value}`,
	);
	return [
		"deb",
		...(options.length > 0 ? [`[${options.join(" ")}]`] : []),
		source.uri,
		source.suite,
		...source.components,
	].join(" ");
}

function parseStanza(stanza: string): Map<string, string> {
	const fields = new Map<string, string>();
	let name: string | undefined;
	for (const line of stanza.split("\n")) {
		if (line.startsWith("#")) continue;
		const match = /^([A-Za-z][\w-]*):\s*(.*)$/.exec(line);
		if (match?.[1]) {
			name = match[1].toLowerCase();
			fields.set(name, (match[2] ?? "").trim());
		} else if (name && /^[ \t]/.test(line)) {
			fields.set(name, `${fields.get(name) ?? ""}\n${line.trim()}`);
		}
	}
	return fields;
}

function parseOptions(text: string | undefined): Record<string, string> {
	const options: Record<string, string> = {};
	for (const word of words(text)) {
		const [name, value] = word.split(/=(.*)/s);
		if (name && value !== undefined) options[name.toLowerCase()] = value;
	}
	return options;
}

function words(text: string | undefined): string[] {
	return (text ?? "").split(/\s+/).filter((word) => word !== "");
}
