import type { Expression } from "./expression.ts";
import type { Token } from "./tokens.ts";

const comparisons = ["=", "!=", "<", "<=", ">", ">="] as const;
type Comparison = (typeof comparisons)[number];

/**
 * Parses an expression from `tokens` (recursive descent: or, and, not, comparison, atom).
 * Stops at the first token that cannot belong to it; the rest is returned.
 * @throws SyntaxError when there is no expression.
 */
export function parseExpression(tokens: readonly Token[]): {
	expression: Expression;
	rest: Token[];
} {
	const queue = [...tokens];
	const is = (text: string): boolean =>
		queue[0]?.kind === "operator" && queue[0].text === text;
	const accept = (text: string): boolean => {
		if (!is(text)) return false;
		queue.shift();
		return true;
	};
	const chain = (
		kind: "and" | "or",
		operator: string,
		next: () => Expression,
	): Expression => {
		let left = next();
		while (accept(operator)) left = { kind, left, right: next() };
		return left;
	};
	const or = (): Expression => chain("or", "||", and);
	const and = (): Expression => chain("and", "&&", not);
	const not = (): Expression =>
		accept("!") ? { kind: "not", of: not() } : comparison();
	const comparison = (): Expression => {
		if (accept("(")) {
			const inside = or();
			if (!accept(")")) throw new SyntaxError("')' is missing");
			return inside;
		}
		const left = atom();
		const operator = comparisons.find(is) as Comparison | undefined;
		if (!operator) return left;
		queue.shift();
		return { kind: "compare", operator, left, right: atom() };
	};
	const atom = (): Expression => {
		const token = queue.shift();
		if (!token || token.kind === "operator")
			throw new SyntaxError(`'${token?.text ?? "end"}' is not a value`);
		if (token.kind === "macro") return { kind: "macro", text: token.text };
		if (token.kind === "string" || /^[ymn]$/.test(token.text))
			return { kind: "constant", text: token.text };
		return { kind: "symbol", name: token.text };
	};
	const expression = or();
	return { expression, rest: queue };
}
