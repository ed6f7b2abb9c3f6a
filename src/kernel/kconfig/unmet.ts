import { type ConfigValues, valueIn } from "./config-file.ts";
import { type Expression, evaluate, formatExpression } from "./expression.ts";
import type { KconfigTree } from "./tree.ts";

/** Something that must change before an expression can hold. */
export interface Unmet {
	/** In words, e.g. `BLOCK, which is off` or `one of A or B, which are off`. */
	words: string;
	/** The symbol that is off, when it is a single one. */
	symbol?: string;
	/** Config line that would repair it, when there is an obvious one. */
	remedy?: string;
}

/**
 * The parts of `expression` that keep it below `wanted` (1: m is enough, 2: y), given the values of a
 * finished config. Empty when it holds.
 */
export function unmetParts(
	expression: Expression,
	wanted: 1 | 2,
	config: ConfigValues,
	tree: KconfigTree,
): Unmet[] {
	const value = (name: string): string | undefined =>
		tree.get(name)?.definitions.length
			? unquote(valueIn(config, name))
			: undefined;
	if (evaluate(expression, value) >= wanted) return [];
	switch (expression.kind) {
		case "and":
			return [expression.left, expression.right].flatMap((side) =>
				unmetParts(side, wanted, config, tree),
			);
		case "symbol":
			return [unmetSymbol(expression.name, wanted, config, tree)];
		case "not":
			return [unmetNegation(expression.of, config)];
		case "or": {
			const sides = alternatives(expression);
			return [
				{
					words: `one of ${sides.map(formatExpression).join(" or ")}, none of which holds`,
				},
			];
		}
		case "compare":
			return [
				{
					words: `${formatExpression(expression)}, but ${formatExpression(expression.left)} is ${value(formatExpression(expression.left)) ?? "unknown"}`,
				},
			];
		default:
			return [
				{ words: `${formatExpression(expression)}, which does not hold` },
			];
	}
}

function unmetSymbol(
	name: string,
	wanted: 1 | 2,
	config: ConfigValues,
	tree: KconfigTree,
): Unmet {
	const symbol = tree.get(name);
	if (!symbol || symbol.definitions.length === 0)
		return { words: `${name}, which does not exist for this architecture` };
	const remedy = `CONFIG_${name}=y`;
	if (wanted === 2 && valueIn(config, name) === "m")
		return {
			words: `${name}, which is only a module`,
			symbol: name,
			remedy,
		};
	return { words: `${name}, which is off`, symbol: name, remedy };
}

function unmetNegation(of: Expression, config: ConfigValues): Unmet {
	if (of.kind === "symbol")
		return {
			words: `${of.name} being off, but it is ${valueIn(config, of.name)}`,
			remedy: `CONFIG_${of.name}=n`,
		};
	return { words: `!(${formatExpression(of)}), which does not hold` };
}

function alternatives(expression: Expression): Expression[] {
	return expression.kind === "or"
		? [...alternatives(expression.left), ...alternatives(expression.right)]
		: [expression];
}

const unquote = (text: string): string => text.replace(/^"(.*)"$/, "$1");
