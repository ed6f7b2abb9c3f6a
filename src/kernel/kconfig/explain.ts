import { distance } from "fastest-levenshtein";
import { type ConfigValues, valueIn } from "./config-file.ts";
import { both, evaluate, tristate } from "./expression.ts";
import type { Definition, KconfigSymbol, KconfigTree } from "./tree.ts";
import { type Unmet, unmetParts } from "./unmet.ts";

export interface Explanation {
	/** Why the option is not as asked, after "CONFIG_X=y was dropped: ". */
	reason: string;
	/** What to write in a fragment, when that is known; lines of a .config. */
	remedies: string[];
}

/**
 * Says from the Kconfig files why an option that was asked for as `wanted` is another value in
 * `config`, the finished .config.
 */
export function explainDropped(
	name: string,
	wanted: string,
	config: ConfigValues,
	tree: KconfigTree,
): Explanation {
	const symbol = tree.get(name);
	if (!symbol || symbol.definitions.length === 0)
		return explainUnknown(name, tree);
	const got = valueIn(config, name);
	const isSwitch = symbol.type === "bool" || symbol.type === "tristate";
	if (isSwitch && wanted === "m" && symbol.type === "bool")
		return {
			reason: "it is a bool and cannot be a module",
			remedies: [`CONFIG_${name}=y`],
		};
	if (isSwitch && !/^[ymn]$/.test(wanted))
		return { reason: `it is a ${symbol.type}, not a text`, remedies: [] };
	if (tristate(wanted) < tristate(got))
		return explainForcedOn(symbol, got, config, tree);
	const level = wanted === "m" ? 1 : 2;
	const blocked = symbol.definitions.map((definition) =>
		blockers(definition, level, config, tree),
	);
	if (blocked.every((parts) => parts === "no prompt"))
		return explainUnsettable(symbol, config, tree);
	const settable = blocked.filter((parts) => parts !== "no prompt");
	const parts = settable.reduce((a, b) => (b.length < a.length ? b : a));
	if (parts.length > 0) return explainUnmet(parts, config, tree);
	return explainRest(symbol, wanted, got, config);
}

/** What keeps a definition's prompt from being asked. */
function blockers(
	{ prompt, dependsOn, visibleIf }: Definition,
	level: 1 | 2,
	config: ConfigValues,
	tree: KconfigTree,
): Unmet[] | "no prompt" {
	if (!prompt) return "no prompt";
	const needed = both(both(dependsOn, visibleIf), prompt.condition);
	return needed ? unmetParts(needed, level, config, tree) : [];
}

function explainUnmet(
	parts: readonly Unmet[],
	config: ConfigValues,
	tree: KconfigTree,
): Explanation {
	const words: string[] = [];
	const remedies: string[] = [];
	for (const part of dedupe(parts)) {
		const chain = followUp(part, config, tree, new Set());
		words.push(chain.words);
		remedies.push(...chain.remedies);
	}
	return {
		reason: `it depends on ${words.join("; and on ")}`,
		remedies: [...new Set(remedies)],
	};
}

/** Follows a symbol that is off to what it depends on in turn, so that all missing lines are named at once. */
function followUp(
	part: Unmet,
	config: ConfigValues,
	tree: KconfigTree,
	seen: Set<string>,
): { words: string; remedies: string[] } {
	const own = part.remedy ? [part.remedy] : [];
	const symbol = part.symbol === undefined ? undefined : tree.get(part.symbol);
	if (!symbol || seen.has(symbol.name) || seen.size > 5)
		return { words: part.words, remedies: own };
	seen.add(symbol.name);
	const options = symbol.definitions.map((definition) =>
		blockers(definition, 2, config, tree),
	);
	const settable = options.filter((parts) => parts !== "no prompt");
	if (settable.length === 0) {
		const { reason, remedies } = explainUnsettable(symbol, config, tree);
		return { words: `${part.words} (${reason})`, remedies };
	}
	const next = settable.reduce((a, b) => (b.length < a.length ? b : a));
	if (next.length === 0) return { words: part.words, remedies: own };
	const deeper = dedupe(next).map((one) => followUp(one, config, tree, seen));
	return {
		words: `${part.words} (it depends on ${deeper.map(({ words }) => words).join("; and on ")})`,
		remedies: [...deeper.flatMap(({ remedies }) => remedies), ...own],
	};
}

/** An option without a prompt is decided by others. */
function explainUnsettable(
	symbol: KconfigSymbol,
	config: ConfigValues,
	tree: KconfigTree,
): Explanation {
	const selectors = symbol.selectedBy.map(({ by }) => by);
	if (selectors.length === 0)
		return {
			reason: `it cannot be set by hand (no prompt in ${symbol.definitions[0]?.file}) and nothing selects it`,
			remedies: [],
		};
	const first = selectors.find((name) =>
		tree
			.get(name)
			?.definitions.some(
				(definition) =>
					blockers(definition, 2, config, tree) !== "no prompt" &&
					blockers(definition, 2, config, tree).length === 0,
			),
	);
	return {
		reason: `it has no prompt, it is only selected by ${listNames(selectors)}`,
		remedies: first ? [`CONFIG_${first}=y`] : [],
	};
}

function explainForcedOn(
	symbol: KconfigSymbol,
	got: string,
	config: ConfigValues,
	tree: KconfigTree,
): Explanation {
	const value = (name: string): string => valueIn(config, name);
	const forcing = symbol.selectedBy.filter(
		({ by, condition }) =>
			value(by) !== "n" && (!condition || evaluate(condition, value) > 0),
	);
	if (forcing.length > 0)
		return {
			reason: `it is ${got} because ${listNames(forcing.map(({ by }) => by))} ${forcing.length === 1 ? "selects" : "select"} it`,
			remedies: forcing.map(({ by }) => `CONFIG_${by}=n`),
		};
	const parts = symbol.definitions.map((definition) =>
		blockers(definition, 2, config, tree),
	);
	const hidden = parts.find((one) => one !== "no prompt" && one.length > 0);
	if (hidden && hidden !== "no prompt") {
		const { reason, remedies } = explainUnmet(hidden, config, tree);
		return {
			reason: `it is ${got} by default and can only be changed when asked for: ${reason}`,
			remedies,
		};
	}
	const choice = symbol.definitions.find((one) => one.choice)?.choice;
	return {
		reason: choice
			? `it is the default of the choice '${choice.prompt}'; set another member of it`
			: `it is ${got} by default and cannot be set by hand`,
		remedies: [],
	};
}

/** Dependencies hold, and yet the value is another. */
function explainRest(
	symbol: KconfigSymbol,
	wanted: string,
	got: string,
	config: ConfigValues,
): Explanation {
	const choice = symbol.definitions.find((one) => one.choice)?.choice;
	const chosen = choice?.members.find(
		(member) => member !== symbol.name && valueIn(config, member) === "y",
	);
	if (choice && chosen)
		return {
			reason: `only one of the choice '${choice.prompt}' can be set, and ${chosen} is`,
			remedies: [`CONFIG_${chosen}=n`],
		};
	const range = symbol.definitions.find((one) => one.range)?.range;
	if (range && (symbol.type === "int" || symbol.type === "hex"))
		return {
			reason: `${wanted} is outside of its range, ${range.low} to ${range.high}; it became ${got}`,
			remedies: [],
		};
	const { file, line } = symbol.definitions[0] ?? { file: "?", line: 0 };
	return {
		reason: `it became ${got}; see ${file}:${line} (a test of the compiler may have failed)`,
		remedies: [],
	};
}

function explainUnknown(name: string, tree: KconfigTree): Explanation {
	const near = nearestNames(name, [...tree.keys()]);
	return {
		reason: `this kernel has no such option${near.length > 0 ? `; did you mean ${listNames(near)}?` : ""}`,
		remedies: [],
	};
}

/** Up to three names within a third of the letters. */
export function nearestNames(name: string, names: readonly string[]): string[] {
	return names
		.map((candidate) => ({
			candidate,
			far: distance(name.toUpperCase(), candidate.toUpperCase()),
		}))
		.filter(({ far }) => far <= Math.max(1, Math.floor(name.length / 4)))
		.sort((a, b) => a.far - b.far)
		.slice(0, 3)
		.map(({ candidate }) => candidate);
}

function dedupe(parts: readonly Unmet[]): Unmet[] {
	return [...new Map(parts.map((part) => [part.words, part])).values()];
}

function listNames(names: readonly string[]): string {
	const shown = names.slice(0, 6);
	const more = names.length - shown.length;
	return `${shown.join(", ")}${more > 0 ? ` and ${more} others` : ""}`;
}
