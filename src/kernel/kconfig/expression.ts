/** A value of Kconfig's three-state logic: no, module, yes. */
export type Tristate = 0 | 1 | 2;

/** The syntax of Documentation/kbuild/kconfig-language.rst, section "Menu dependencies". */
export type Expression =
	| { kind: "symbol"; name: string }
	| { kind: "constant"; text: string }
	/** `$(…)`, a question to the compiler or the shell whose answer we do not know. */
	| { kind: "macro"; text: string }
	| { kind: "not"; of: Expression }
	| { kind: "and" | "or"; left: Expression; right: Expression }
	| {
			kind: "compare";
			operator: "=" | "!=" | "<" | "<=" | ">" | ">=";
			left: Expression;
			right: Expression;
	  };

/** The text value of a symbol: `y`, `m`, `n`, a number or a string; undefined when no such symbol exists. */
export type SymbolValue = (name: string) => string | undefined;

export function tristate(text: string | undefined): Tristate {
	return text === "y" ? 2 : text === "m" ? 1 : 0;
}

/** Evaluates an expression: `&&` is the minimum, `||` the maximum, `!x` is 2 - x; a macro counts as yes. */
export function evaluate(expression: Expression, value: SymbolValue): Tristate {
	switch (expression.kind) {
		case "symbol":
			return tristate(value(expression.name));
		case "constant":
			return tristate(expression.text);
		case "macro":
			return 2;
		case "not":
			return (2 - evaluate(expression.of, value)) as Tristate;
		case "and":
			return Math.min(
				evaluate(expression.left, value),
				evaluate(expression.right, value),
			) as Tristate;
		case "or":
			return Math.max(
				evaluate(expression.left, value),
				evaluate(expression.right, value),
			) as Tristate;
		case "compare":
			return compare(expression, value) ? 2 : 0;
	}
}

function compare(
	expression: Extract<Expression, { kind: "compare" }>,
	value: SymbolValue,
): boolean {
	const left = textOf(expression.left, value);
	const right = textOf(expression.right, value);
	const numbers = [left, right].map(toNumber);
	const [a, b] = numbers;
	const order =
		a !== undefined && b !== undefined
			? a - b
			: left < right
				? -1
				: Number(left > right);
	switch (expression.operator) {
		case "=":
			return order === 0;
		case "!=":
			return order !== 0;
		case "<":
			return order < 0;
		case "<=":
			return order <= 0;
		case ">":
			return order > 0;
		case ">=":
			return order >= 0;
	}
}

function toNumber(text: string): number | undefined {
	return /^-?\d+$|^0x[0-9a-fA-F]+$/.test(text) ? Number(text) : undefined;
}

/** An undefined symbol stands for its own name: `BITS = 64` compares with the text 64. */
function textOf(expression: Expression, value: SymbolValue): string {
	switch (expression.kind) {
		case "symbol":
			return value(expression.name) ?? expression.name;
		case "constant":
		case "macro":
			return expression.text;
		default:
			return "nmy"[evaluate(expression, value)] ?? "n";
	}
}

/** The expression in Kconfig's own syntax, with brackets only where they are needed. */
export function formatExpression(expression: Expression): string {
	switch (expression.kind) {
		case "symbol":
			return expression.name;
		case "constant":
			return `"${expression.text}"`;
		case "macro":
			return expression.text;
		case "not":
			return `!${bracket(expression.of)}`;
		case "and":
			return [expression.left, expression.right]
				.map((side) =>
					side.kind === "or" ? bracket(side) : formatExpression(side),
				)
				.join(" && ");
		case "or":
			return `${formatExpression(expression.left)} || ${formatExpression(expression.right)}`;
		case "compare":
			return `${formatExpression(expression.left)} ${expression.operator} ${formatExpression(expression.right)}`;
	}
}

function bracket(expression: Expression): string {
	const text = formatExpression(expression);
	return ["and", "or", "compare"].includes(expression.kind)
		? `(${text})`
		: text;
}

/** Both, where undefined means no condition. */
export function both(
	left: Expression | undefined,
	right: Expression | undefined,
): Expression | undefined {
	return left && right ? { kind: "and", left, right } : (left ?? right);
}
