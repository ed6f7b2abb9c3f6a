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
	const reader = new TreeReader(layer, text, document, problems);
	const root = reader.read(document.contents);
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

/** Shares what one conversion needs: positions, the alias budget, the anchors being followed. */
class TreeReader {
	private readonly at: (offset: number) => Origin;
	private readonly following = new Set<YamlNode>();
	private outermost: Origin | undefined;
	private aliasedValues = 0;

	constructor(
		layer: Layer,
		private readonly text: string,
		private readonly document: Document.Parsed,
		private readonly problems: Problems,
	) {
		this.at = originFinder(layer, text);
	}

	read(node: unknown): RawNode {
		const yaml = node as YamlNode | null;
		const origin = this.at(yaml?.range?.[0] ?? 0);
		if (this.following.size > 0 && ++this.aliasedValues > mostAliasedValues) {
			if (this.aliasedValues === mostAliasedValues + 1)
				this.problems.add(
					"CONFIG_ALIAS_LIMIT",
					`the aliases of this file stand for more than ${mostAliasedValues} values`,
					this.outermost ?? origin,
				);
			return { kind: "scalar", origin, value: null };
		}
		if (isAlias(yaml)) return this.follow(yaml, origin);
		if (isMap(yaml)) return this.readMap(yaml.items, origin);
		if (isSeq(yaml))
			return {
				kind: "list",
				origin,
				items: yaml.items.map((item) => this.read(item)),
			};
		if (isScalar(yaml)) return this.readScalar(yaml, origin);
		return { kind: "scalar", origin, value: null };
	}

	private follow(
		alias: YamlNode & { source: string; resolve: unknown },
		origin: Origin,
	): RawNode {
		const target = isAlias(alias) ? alias.resolve(this.document) : undefined;
		if (!target || this.following.has(target)) {
			this.problems.add(
				"CONFIG_ALIAS",
				target
					? `the alias *${alias.source} stands inside of the value that it names`
					: `no anchor &${alias.source} stands before this alias`,
				origin,
				target ? undefined : "put text that begins with '*' in quotes",
			);
			return { kind: "scalar", origin, value: null };
		}
		if (this.following.size === 0) this.outermost = origin;
		this.following.add(target);
		const value = this.read(target);
		this.following.delete(target);
		return value;
	}

	private readMap(
		pairs: readonly { key: unknown; value: unknown }[],
		origin: Origin,
	): RawMap {
		const entries: RawEntry[] = [];
		const seen = new Map<string, Origin>();
		for (const pair of pairs) {
			const key = pair.key as YamlNode | null;
			const keyOrigin = this.at(key?.range?.[0] ?? 0);
			const written = keyText(key);
			const wrong =
				written === undefined
					? { message: "this key is not a text", hint: undefined }
					: keyProblem(written);
			if (written === undefined || wrong) {
				this.problems.add(
					"CONFIG_BAD_KEY",
					wrong?.message ?? "",
					keyOrigin,
					wrong?.hint,
				);
				continue;
			}
			const first = seen.get(written);
			if (first) {
				this.problems.add(
					"CONFIG_DUPLICATE_KEY",
					`the key '${written}' is given twice; the first is at ${mention(first)}`,
					keyOrigin,
				);
				continue;
			}
			seen.set(written, keyOrigin);
			const parsed = readKey(written);
			if (parsed)
				entries.push({ ...parsed, keyOrigin, value: this.read(pair.value) });
		}
		return { kind: "map", origin, entries };
	}

	private readScalar(scalar: YamlScalar, origin: Origin): RawScalar {
		const { value, source = "", range } = scalar;
		if (value === null || typeof value === "boolean")
			return { kind: "scalar", origin, value };
		if (typeof value === "number") {
			this.checkNumber(value, source, origin);
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
				const found = this.text.indexOf(piece, start);
				return found >= 0 && found < end ? this.at(found) : origin;
			},
		};
	}

	private checkNumber(value: number, source: string, origin: Origin): void {
		const quote = `put it in quotes if it is text: '${source}'`;
		if (/^[-+]?0\d/.test(source))
			this.problems.add(
				"CONFIG_AMBIGUOUS_NUMBER",
				`${source} would be read as the number ${value}, without its leading zero`,
				origin,
				`${quote}; for an octal number write 0o${source.replace(/^[-+]?0+/, "")}`,
			);
		else if (!Number.isFinite(value))
			this.problems.add(
				"CONFIG_AMBIGUOUS_NUMBER",
				`${source} is not a usable number`,
				origin,
				quote,
			);
		else if (Number.isInteger(value) && !Number.isSafeInteger(value))
			this.problems.add(
				"CONFIG_AMBIGUOUS_NUMBER",
				`${source} is too large to be kept exactly`,
				origin,
				quote,
			);
	}
}

/** Numbers and booleans as keys are taken as they are written. */
function keyText(key: YamlNode | null): string | undefined {
	if (!isScalar(key) || key.value === null) return undefined;
	if (typeof key.value === "string") return key.value;
	return key.source ?? String(key.value);
}
