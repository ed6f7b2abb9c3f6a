// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the config's own references look like that
/** A piece of a text with references. `written` is the reference as it stands in the file. */
export type Part =
	| { readonly kind: "text"; readonly text: string }
	| {
			readonly kind: "key";
			readonly path: readonly string[];
			readonly written: string;
	  }
	| {
			readonly kind: "env";
			readonly name: string;
			readonly fallback?: string;
			readonly written: string;
	  }
	| { readonly kind: "file"; readonly path: string; readonly written: string };

export type ParsedText =
	| { readonly parts: readonly Part[] }
	| {
			readonly error: string;
			readonly written: string;
			readonly hint?: string;
	  };

const literalHint = "for a literal ${ write $${";

/**
 * Splits a text at its references. The grammar:
 * `${a.b.0}` a key of the config; `${env:NAME}` or `${env:NAME:-default}` a variable; `${file:PATH}` a
 * file's text; `$${` a literal `${`. References do not nest.
 */
export function parseText(text: string): ParsedText {
	const parts: Part[] = [];
	let literal = "";
	let index = 0;
	while (index < text.length) {
		if (text.startsWith("$${", index)) {
			literal += "${";
			index += 3;
		} else if (text.startsWith("${", index)) {
			const end = text.indexOf("}", index);
			if (end < 0)
				return {
					error: "a reference has no closing '}'",
					written: text.slice(index),
					hint: literalHint,
				};
			const written = text.slice(index, end + 1);
			const parsed = parseReference(written);
			if ("error" in parsed) return { ...parsed, written };
			if (literal) parts.push({ kind: "text", text: literal });
			literal = "";
			parts.push(parsed);
			index = end + 1;
		} else {
			literal += text.charAt(index);
			index += 1;
		}
	}
	if (literal || parts.length === 0)
		parts.push({ kind: "text", text: literal });
	return { parts };
}

/** Makes a text that `parseText` reads as exactly `text`. */
export function escapeText(text: string): string {
	return text.replaceAll("${", () => "$${");
}

/** Writes parts back as text, the reverse of `parseText`. */
export function writeParts(parts: readonly Part[]): string {
	return parts
		.map((part) =>
			part.kind === "text" ? escapeText(part.text) : part.written,
		)
		.join("");
}

function parseReference(
	written: string,
): Part | { error: string; hint?: string } {
	const body = written.slice(2, -1);
	if (body.includes("${"))
		return { error: "references cannot stand inside of each other" };
	const colon = body.indexOf(":");
	if (colon < 0) return parseKey(body, written);
	const kind = body.slice(0, colon);
	const rest = body.slice(colon + 1);
	if (kind === "env") {
		const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(rest);
		if (!match?.[1])
			return {
				error: `'${rest}' is not the name of an environment variable`,
				hint: "write ${env:NAME} or ${env:NAME:-default}",
			};
		return {
			kind: "env",
			name: match[1],
			written,
			...(match[2] === undefined ? {} : { fallback: match[2] }),
		};
	}
	if (kind === "file")
		return rest
			? { kind: "file", path: rest, written }
			: { error: "the reference names no file", hint: "write ${file:PATH}" };
	return {
		error: `'${kind}:' is no kind of reference`,
		hint: `there are \${key}, \${env:NAME} and \${file:PATH}; ${literalHint}`,
	};
}

function parseKey(
	body: string,
	written: string,
): Part | { error: string; hint?: string } {
	const path = body.split(".");
	if (body === "" || path.some((key) => key === "" || /\s/.test(key)))
		return {
			error: body === "" ? "a reference is empty" : `'${body}' is not a key`,
			hint: `write \${a.b.c}; ${literalHint}`,
		};
	return { kind: "key", path, written };
}
