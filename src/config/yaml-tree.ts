import {
	type Document,
	isAlias,
	isMap,
	isScalar,
	isSeq,
	type Node as YamlNode,
	type Scalar as YamlScalar,
} from "yaml";
import { keyProblem } from "./keys.ts";
import { type Layer, mention, type Origin, originFinder } from "./layer.ts";
import type { Problems } from "./problems.ts";
import {
	type RawEntry,
	type RawMap,
	type RawNode,
	type RawScalar,
	readKey,
} from "./tree.ts";
import { parseDocument } from "./yaml-document.ts";

/** Values made by aliases; a few anchors that name each other can otherwise stand for billions. */
const mostAliasedValues = 10_000;

/** Parses the text of a YAML or JSON layer; problems are added, and undefined is returned with them. */
export function parseLayer(
	layer: Layer,
	text: string,
	problems: Problems,
): RawMap | undefined {
	const document = parseDocument(layer, text, problems);
	if (!document) return undefined;
	const before = problems.count;
	const reading: Reading = {
		at: originFinder(layer, text),
		text,
		document,
		problems,
		following: new Set(),
		outermost: undefined,
		aliasedValues: 0,
	};
	const root = read(reading, document.contents);
	if (problems.count > before) return undefined;
	if (root.kind === "map") return root;
	const colon =
		root.kind === "scalar" && /^[^\s:]+:\S/.test(String(root.value));
	problems.add(
		"CONFIG_NOT_A_MAP",
		`a config is a map of keys, but this file holds ${root.kind === "list" ? "a list" : "a single value"}`,
		root.origin,
		colon ? "put a space after the ':'" : "write `key: value` lines",
	);
	return undefined;
}

/** What one conversion shares. */
interface Reading {
	readonly at: (offset: number) => Origin;
	readonly text: string;
	readonly document: Document.Parsed;
	readonly problems: Problems;
	/** Anchored values that are being read by way of an alias. */
	readonly following: Set<YamlNode>;
	/** The alias in the file itself by which the reading came to them. */
	outermost: Origin | undefined;
	aliasedValues: number;
}

function read(reading: Reading, node: unknown): RawNode {
	const yaml = node as YamlNode | null;
	const origin = reading.at(yaml?.range?.[0] ?? 0);
	if (
		reading.following.size > 0 &&
		++reading.aliasedValues > mostAliasedValues
	) {
		if (reading.aliasedValues === mostAliasedValues + 1)
			reading.problems.add(
				"CONFIG_ALIAS_LIMIT",
				`the aliases of this file stand for more than ${mostAliasedValues} values`,
				reading.outermost ?? origin,
			);
		return { kind: "scalar", origin, value: null };
	}
	if (isAlias(yaml)) return follow(reading, yaml, origin);
	if (isMap(yaml)) return readMap(reading, yaml.items, origin);
	if (isSeq(yaml))
		return {
			kind: "list",
			origin,
			items: yaml.items.map((item) => read(reading, item)),
		};
	if (isScalar(yaml)) return readScalar(reading, yaml, origin);
	return { kind: "scalar", origin, value: null };
}

function follow(
	reading: Reading,
	alias: YamlNode & { source: string; resolve: unknown },
	origin: Origin,
): RawNode {
	const target = isAlias(alias) ? alias.resolve(reading.document) : undefined;
	if (!target || reading.following.has(target)) {
		reading.problems.add(
			"CONFIG_ALIAS",
			target
				? `the alias *${alias.source} stands inside of the value that it names`
				: `no anchor &${alias.source} stands before this alias`,
			origin,
			target ? undefined : "put text that begins with '*' in quotes",
		);
		return { kind: "scalar", origin, value: null };
	}
	if (reading.following.size === 0) reading.outermost = origin;
	reading.following.add(target);
	const value = read(reading, target);
	reading.following.delete(target);
	return value;
}

function readMap(
	reading: Reading,
	pairs: readonly { key: unknown; value: unknown }[],
	origin: Origin,
): RawMap {
	const entries: RawEntry[] = [];
	const seen = new Map<string, Origin>();
	for (const pair of pairs) {
		const key = pair.key as YamlNode | null;
		const keyOrigin = reading.at(key?.range?.[0] ?? 0);
		const written = keyText(key);
		const wrong =
			written === undefined
				? { message: "this key is not a text", hint: undefined }
				: keyProblem(written);
		if (written === undefined || wrong) {
			reading.problems.add(
				"CONFIG_BAD_KEY",
				wrong?.message ?? "",
				keyOrigin,
				wrong?.hint,
			);
			continue;
		}
		const first = seen.get(written);
		if (first) {
			reading.problems.add(
				"CONFIG_DUPLICATE_KEY",
				`the key '${written}' is given twice; the first is at ${mention(first)}`,
				keyOrigin,
			);
			continue;
		}
		seen.set(written, keyOrigin);
		const parsed = readKey(written);
		if (parsed)
			entries.push({ ...parsed, keyOrigin, value: read(reading, pair.value) });
	}
	return { kind: "map", origin, entries };
}

function readScalar(
	reading: Reading,
	scalar: YamlScalar,
	origin: Origin,
): RawScalar {
	const { value, source = "", range } = scalar;
	if (value === null || typeof value === "boolean")
		return { kind: "scalar", origin, value };
	if (typeof value === "number") {
		checkNumber(reading, value, source, origin);
		return {
			kind: "scalar",
			origin,
			value,
			...(String(value) === source ? {} : { written: source }),
		};
	}
	const [start, end] = range ?? [0, 0];
	return {
		kind: "scalar",
		origin,
		value: String(value),
		placeInside: (piece) => {
			const found = reading.text.indexOf(piece, start);
			return found >= 0 && found < end ? reading.at(found) : origin;
		},
	};
}

function checkNumber(
	reading: Reading,
	value: number,
	source: string,
	origin: Origin,
): void {
	const quote = `put it in quotes if it is text: '${source}'`;
	if (/^[-+]?0\d/.test(source))
		reading.problems.add(
			"CONFIG_AMBIGUOUS_NUMBER",
			`${source} would be read as the number ${value}, without its leading zero`,
			origin,
			`${quote}; for an octal number write 0o${source.replace(/^[-+]?0+/, "")}`,
		);
	else if (!Number.isFinite(value))
		reading.problems.add(
			"CONFIG_AMBIGUOUS_NUMBER",
			`${source} is not a usable number`,
			origin,
			quote,
		);
	else if (Number.isInteger(value) && !Number.isSafeInteger(value))
		reading.problems.add(
			"CONFIG_AMBIGUOUS_NUMBER",
			`${source} is too large to be kept exactly`,
			origin,
			quote,
		);
}

/** Numbers and booleans as keys are taken as they are written. */
function keyText(key: YamlNode | null): string | undefined {
	if (!isScalar(key) || key.value === null) return undefined;
	if (typeof key.value === "string") return key.value;
	return key.source ?? String(key.value);
}
