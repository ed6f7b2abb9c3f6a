// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the config's own references look like that
import {
	Composer,
	type Document,
	Lexer,
	Parser,
	visit,
	type YAMLError,
} from "yaml";
import type { Layer } from "./layer.ts";
import { originFinder } from "./layer.ts";
import type { Problems } from "./problems.ts";

/** The `yaml` library's parser keeps two stack entries a level; composing deeper trees overflows the stack. */
const deepestStack = 200;

/**
 * Parses one YAML or JSON document, keeping positions; problems are added, and undefined returned.
 * Only the first syntax error is told, since the others are usually its echo.
 */
export function parseDocument(
	layer: Layer,
	text: string,
	problems: Problems,
): Document.Parsed | undefined {
	const at = originFinder(layer, text);
	if (layer.kind === "json" && text.trim() !== "") {
		const wrong = jsonError(text);
		if (wrong) {
			problems.add(
				"CONFIG_SYNTAX",
				wrong.message,
				at(wrong.offset),
				wrong.hint,
			);
			return undefined;
		}
	}
	const documents = compose(text, (offset) =>
		problems.add(
			"CONFIG_TOO_DEEP",
			"lists and maps are nested too deeply here",
			at(offset),
		),
	);
	if (!documents) return undefined;
	const [document, second] = documents;
	if (!document || (isBlank(document) && !second)) {
		problems.add(
			"CONFIG_EMPTY",
			`'${layer.shownFile}' is empty`,
			undefined,
			"a config is at least one `key: value`",
		);
		return undefined;
	}
	const [first] = document.errors.toSorted((a, b) => a.pos[0] - b.pos[0]);
	if (first) {
		const { code, message, hint } = inPlainWords(first, text);
		problems.add(code, message, at(placeToShow(document, first, text)), hint);
		return undefined;
	}
	if (second) {
		problems.add(
			"CONFIG_MULTIPLE_DOCUMENTS",
			"a second YAML document starts here; a config file holds one",
			at(second.range[0]),
			"remove the `---`, or put the second document in a file of its own",
		);
		return undefined;
	}
	if (document.directives.yaml.version === "1.1") {
		problems.add(
			"CONFIG_SYNTAX",
			"YAML 1.1 is not supported, in which words such as `yes` and `on` are not text",
			at(0),
			"remove the %YAML line",
		);
		return undefined;
	}
	// An unknown tag would silently be dropped.
	for (const warning of document.warnings)
		problems.add(
			"CONFIG_TAG",
			`the YAML tag ${text.slice(...warning.pos).trim()} is not known`,
			at(warning.pos[0]),
			"remove it, or put the whole text in quotes if it begins with '!'",
		);
	return document;
}

function isBlank(document: Document.Parsed): boolean {
	return document.contents === null && document.errors.length === 0;
}

function compose(
	text: string,
	onTooDeep: (offset: number) => void,
): Document.Parsed[] | undefined {
	const lexer = new Lexer();
	const parser = new Parser();
	let offset = 0;
	let tooDeep = false;
	function* tokens() {
		for (const lexeme of lexer.lex(text)) {
			yield* parser.next(lexeme);
			offset += lexeme.length;
			if (parser.stack.length > deepestStack) {
				tooDeep = true;
				return;
			}
		}
		yield* parser.end();
	}
	const composer = new Composer({
		prettyErrors: false,
		// told by the conversion, which can name both places
		uniqueKeys: false,
	});
	const documents = [...composer.compose(tokens(), true, text.length)];
	if (!tooDeep) return documents as Document.Parsed[];
	onTooDeep(Math.min(offset, text.length) - 1);
	return undefined;
}

/** Where the cause is, which is not always where the parser noticed it. */
function placeToShow(
	document: Document.Parsed,
	error: YAMLError,
	text: string,
): number {
	const [noticed] = error.pos;
	if (error.code === "BAD_INDENT")
		return noticed + text.slice(noticed).search(/[^ ]|$/);
	if (!error.message.endsWith("quote")) return noticed;
	let open = noticed;
	visit(document, {
		Scalar(_key, scalar) {
			const quoted = scalar.type?.startsWith("QUOTE") === true;
			if (quoted && scalar.range && scalar.range[1] >= noticed)
				open = scalar.range[0];
		},
	});
	return open;
}

function inPlainWords(
	error: YAMLError,
	text: string,
): { code: string; message: string; hint?: string } {
	const [start] = error.pos;
	const line = text.slice(
		text.lastIndexOf("\n", start - 1) + 1,
		(text.indexOf("\n", start) + 1 || text.length + 1) - 1,
	);
	if (error.code === "TAB_AS_INDENT")
		return {
			code: "CONFIG_TAB",
			message: "a tab is used for indentation, which YAML forbids",
			hint: "indent with spaces",
		};
	const quoteReference = /[[{,]\s*[^"'\s]*\$\{/.test(line)
		? 'inside of [ ] and { }, references need quotes: "${…}"'
		: undefined;
	const words = wordsFor(error, text);
	const hint = quoteReference ?? words.hint;
	return {
		code: "CONFIG_SYNTAX",
		message: `this is not valid YAML: ${words.message}`,
		...(hint === undefined ? {} : { hint }),
	};
}

function wordsFor(
	{ code, message, pos }: YAMLError,
	text: string,
): { message: string; hint?: string | undefined } {
	const brackets = "check the indentation and the closing brackets";
	if (message.endsWith("quote")) return { message: "this quote is not closed" };
	if (message.startsWith("Flow sequence in block"))
		return { message: "the list above is not closed by ]", hint: brackets };
	if (message.startsWith("Flow map in block"))
		return { message: "the map above is not closed by }", hint: brackets };
	if (message.startsWith("All mapping items"))
		return {
			message: "this key is indented otherwise than the keys before it",
		};
	if (message.startsWith("All sequence items"))
		return {
			message: "this item is indented otherwise than the items before it",
		};
	if (code === "UNEXPECTED_TOKEN" && /^[\]}]$/.test(text.slice(...pos)))
		return { message: `this ${text.slice(...pos)} closes nothing` };
	const words = plainWords[code];
	return {
		message: words?.message ?? lowerFirst(message),
		hint: words?.hint,
	};
}

const plainWords: Partial<
	Record<YAMLError["code"], { message?: string; hint?: string }>
> = {
	BLOCK_AS_IMPLICIT_KEY: {
		message: "a second `key:` stands on the same line",
		hint: "put text that holds ': ' in quotes; or check the indentation of the next line",
	},
	BAD_SCALAR_START: { hint: "put the text in quotes" },
	BLOCK_IN_FLOW: { hint: "check the closing brackets" },
	MULTILINE_IMPLICIT_KEY: {
		message: "a key goes on over several lines",
		hint: "is a ':' missing, or the indentation wrong?",
	},
	BAD_DQ_ESCAPE: {
		hint: "in double quotes write \\\\ for a backslash, or use single quotes",
	},
};

/** JSON is told apart from YAML: trailing commas and comments would break other readers of the file. */
function jsonError(
	text: string,
): { message: string; offset: number; hint?: string } | undefined {
	try {
		JSON.parse(text);
		return undefined;
	} catch (error) {
		const raw = (error as Error).message;
		const position = /at position (\d+)/.exec(raw)?.[1];
		const message = `this is not valid JSON: ${lowerFirst(
			raw.replace(/ in JSON at position .*$| after JSON at position .*$/s, ""),
		)}`;
		const offset = position === undefined ? text.length : Number(position);
		const before = text.slice(0, offset).trimEnd().at(-1);
		const here = text[offset];
		if (before === "," && (here === "}" || here === "]"))
			return { message, offset, hint: "remove the comma before it" };
		if (here === "/")
			return { message, offset, hint: "JSON has no comments; YAML has" };
		if (here === "'")
			return { message, offset, hint: "JSON wants double quotes" };
		return { message, offset };
	}
}

function lowerFirst(text: string): string {
	return text.charAt(0).toLowerCase() + text.slice(1);
}
