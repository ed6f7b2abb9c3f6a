import fc from "fast-check";
import { expect, test } from "vitest";
import {
	type Expression,
	evaluate,
	formatExpression,
	type Tristate,
} from "./expression.ts";
import { parseExpression } from "./parse-expression.ts";
import { tokenize } from "./tokens.ts";

const parse = (text: string): Expression =>
	parseExpression(tokenize(text)).expression;
const values: Record<string, string> = {
	YES: "y",
	MOD: "m",
	NO: "n",
	SIXTYFOUR: "64",
	NAME: "bridge",
};
const value = (name: string): string | undefined => values[name];
const letter = (text: string): string =>
	"nmy"[evaluate(parse(text), value)] ?? "?";

// Documentation/kbuild/kconfig-language.rst, "Menu dependencies", rules 1 to 8
test.each([
	["YES && MOD", "m"],
	["YES && NO", "n"],
	["NO || MOD", "m"],
	["MOD || YES", "y"],
	["!MOD", "m"],
	["!NO", "y"],
	["!YES", "n"],
	["!(YES && MOD)", "m"],
	["YES = y", "y"],
	["MOD != n", "y"],
	["MOD = y", "n"],
	["SIXTYFOUR >= 64", "y"],
	["SIXTYFOUR < 9", "n"],
	["SIXTYFOUR = 0x40", "y"],
	['NAME = "bridge"', "y"],
	["UNKNOWN", "n"],
	["UNKNOWN = UNKNOWN", "y"],
	["NO || YES && MOD", "m"],
	["(NO || YES) && MOD", "m"],
	["$(cc-option,-mfoo) && MOD", "m"],
	["m", "m"],
])("%s is %s", (text, expected) => {
	expect(letter(text)).toBe(expected);
});

const level = fc.constantFrom<Tristate>(0, 1, 2);
const expression: fc.Arbitrary<Expression> = fc.letrec<{ any: Expression }>(
	(tie) => ({
		any: fc.oneof(
			{ maxDepth: 5 },
			fc
				.constantFrom("YES", "MOD", "NO")
				.map((name): Expression => ({ kind: "symbol", name })),
			fc.record({ kind: fc.constant("not" as const), of: tie("any") }),
			fc.record({
				kind: fc.constantFrom("and" as const, "or" as const),
				left: tie("any"),
				right: tie("any"),
			}),
		),
	}),
).any;

test("what is printed parses to what has the same value", () => {
	fc.assert(
		fc.property(expression, (one) => {
			expect(evaluate(parse(formatExpression(one)), value)).toBe(
				evaluate(one, value),
			);
		}),
	);
});

test("De Morgan holds in three values", () => {
	fc.assert(
		fc.property(level, level, (a, b) => {
			const lookup = (name: string): string | undefined =>
				"nmy"[name === "A" ? a : b];
			expect(evaluate(parse("!(A && B)"), lookup)).toBe(
				evaluate(parse("!A || !B"), lookup),
			);
		}),
	);
});

test("a malformed expression is a SyntaxError, whatever the tokens", () => {
	for (const text of ["", "A &&", "(A", "&& A", "A = ", "!"])
		expect(() => parse(text)).toThrow(SyntaxError);
	fc.assert(
		fc.property(fc.string(), (text) => {
			try {
				parse(text);
			} catch (error) {
				expect(error).toBeInstanceOf(SyntaxError);
			}
		}),
	);
});
