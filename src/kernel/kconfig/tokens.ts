export type Token =
	| { kind: "word" | "string" | "macro"; text: string }
	| { kind: "operator"; text: string };

const operators = ["&&", "||", "!=", "<=", ">=", "=", "<", ">", "!", "(", ")"];

/**
 * Splits a logical Kconfig line (continuations already joined) into tokens: words (letters, digits,
 * `_`, `-`, `/`, `.`), quoted strings, `$(…)` macros kept whole, and operators. A `#` starts a comment.
 */
export function tokenize(line: string): Token[] {
	const tokens: Token[] = [];
	let at = 0;
	while (at < line.length) {
		const rest = line.slice(at);
		const first = rest[0] ?? "";
		if (/\s/.test(first)) {
			at += 1;
			continue;
		}
		if (first === "#") break;
		if (first === '"' || first === "'") {
			const { text, length } = quoted(rest, first);
			tokens.push({ kind: "string", text });
			at += length;
			continue;
		}
		if (rest.startsWith("$(")) {
			const length = macroLength(rest);
			tokens.push({ kind: "macro", text: rest.slice(0, length) });
			at += length;
			continue;
		}
		const operator = operators.find((one) => rest.startsWith(one));
		if (operator) {
			tokens.push({ kind: "operator", text: operator });
			at += operator.length;
			continue;
		}
		const word = /^[^\s"'#()=!<>&|$]+/.exec(rest)?.[0] ?? first;
		tokens.push({ kind: "word", text: word });
		at += word.length;
	}
	return tokens;
}

function quoted(text: string, quote: string): { text: string; length: number } {
	let value = "";
	let at = 1;
	while (at < text.length && text[at] !== quote) {
		if (text[at] === "\\") at += 1;
		value += text[at] ?? "";
		at += 1;
	}
	return { text: value, length: at + 1 };
}

/** Macros nest: `$(success,$(CC) -E)`. */
function macroLength(text: string): number {
	let depth = 0;
	for (let at = 0; at < text.length; at += 1) {
		if (text[at] === "(") depth += 1;
		if (text[at] === ")") depth -= 1;
		if (text[at] === ")" && depth === 0) return at + 1;
	}
	return text.length;
}
