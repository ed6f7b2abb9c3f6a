import { readFileSync } from "node:fs";
import { join } from "node:path";
import { both, type Expression } from "./expression.ts";
import { logicalLines } from "./lines.ts";
import { parseExpression } from "./parse-expression.ts";
import { type Token, tokenize } from "./tokens.ts";
import type {
	Choice,
	Definition,
	KconfigSymbol,
	KconfigTree,
	SymbolType,
} from "./tree.ts";

interface Block {
	kind: "menu" | "if" | "choice";
	dependsOn: Expression | undefined;
	visibleIf: Expression | undefined;
	choice: Choice | undefined;
}

interface State {
	root: string;
	variables: Readonly<Record<string, string>>;
	symbols: Map<string, KconfigSymbol>;
	blocks: Block[];
	/** What attribute lines belong to at the moment. */
	entry:
		| { symbol: KconfigSymbol; definition: Definition }
		| { block: Block }
		| undefined;
}

/**
 * Reads the Kconfig files of a kernel tree (Documentation/kbuild/kconfig-language.rst), from `start`
 * on. Statements that have no bearing on dependencies (defaults, variables, options) are passed over.
 * `read` gives the text of a file relative to the tree.
 * @throws Error when a file named by `source` is missing or an expression is malformed.
 */
export function parseKconfig(
	root: string,
	options: {
		arch?: string;
		start?: string;
		read?: (path: string) => string;
	} = {},
): KconfigTree {
	const read =
		options.read ?? ((path) => readFileSync(join(root, path), "utf8"));
	const arch = options.arch ?? "x86";
	const state: State = {
		root,
		// Kbuild sets SRCARCH=x86 for both of ARCH=i386 and x86_64 (top Makefile).
		variables: { SRCARCH: arch, ARCH: arch, srctree: "." },
		symbols: new Map(),
		blocks: [],
		entry: undefined,
	};
	parseFile(options.start ?? "Kconfig", state, read);
	return state.symbols;
}

function parseFile(
	file: string,
	state: State,
	read: (path: string) => string,
): void {
	for (const { text, line } of logicalLines(read(file))) {
		const [first, ...rest] = tokenize(text);
		if (first?.kind !== "word") continue;
		try {
			if (first.text === "source")
				parseFile(expand(rest[0]?.text ?? "", state), state, read);
			else statement(first.text, rest, state, { file, line });
		} catch (error) {
			if (!(error instanceof SyntaxError)) throw error;
			throw new Error(`${file}:${line}: ${error.message}: ${text}`);
		}
	}
}

function expand(text: string, state: State): string {
	return text.replace(
		/\$\((\w+)\)/g,
		(whole, name: string) => state.variables[name] ?? whole,
	);
}

function statement(
	keyword: string,
	rest: Token[],
	state: State,
	place: { file: string; line: number },
): void {
	switch (keyword) {
		case "config":
		case "menuconfig":
			state.entry = openConfig(rest[0]?.text ?? "", state, place);
			return;
		case "menu":
		case "choice":
		case "if":
			openBlock(keyword, rest, state);
			return;
		case "endmenu":
		case "endchoice":
		case "endif":
			state.blocks.pop();
			state.entry = undefined;
			return;
		case "comment":
		case "mainmenu":
			state.entry = undefined;
			return;
		default:
			if (!state.entry) return;
			if ("block" in state.entry)
				blockAttribute(keyword, rest, state.entry.block);
			else attribute(keyword, rest, state.entry, state);
	}
}

function openConfig(
	name: string,
	state: State,
	place: { file: string; line: number },
): { symbol: KconfigSymbol; definition: Definition } {
	const symbol = symbolNamed(name, state);
	const choice = state.blocks.findLast((block) => block.choice)?.choice;
	choice?.members.push(name);
	const definition: Definition = {
		...place,
		prompt: undefined,
		dependsOn: conjunction(state.blocks.map((block) => block.dependsOn)),
		visibleIf: conjunction(state.blocks.map((block) => block.visibleIf)),
		range: undefined,
		choice,
	};
	symbol.definitions.push(definition);
	return { symbol, definition };
}

function openBlock(kind: Block["kind"], rest: Token[], state: State): void {
	const block: Block = {
		kind,
		dependsOn: kind === "if" ? parseExpression(rest).expression : undefined,
		visibleIf: undefined,
		choice:
			kind === "choice"
				? { prompt: "", dependsOn: undefined, members: [] }
				: undefined,
	};
	state.blocks.push(block);
	state.entry = kind === "if" ? undefined : { block };
}

function blockAttribute(keyword: string, rest: Token[], block: Block): void {
	if (keyword === "depends")
		block.dependsOn = both(
			block.dependsOn,
			parseExpression(rest.slice(1)).expression,
		);
	if (keyword === "visible")
		block.visibleIf = both(
			block.visibleIf,
			parseExpression(rest.slice(1)).expression,
		);
	if (block.choice) {
		if (keyword === "prompt" || keyword === "bool")
			block.choice.prompt ||= rest[0]?.text ?? "";
		block.choice.dependsOn = block.dependsOn;
	}
}

function attribute(
	keyword: string,
	rest: Token[],
	entry: { symbol: KconfigSymbol; definition: Definition },
	state: State,
): void {
	const { symbol, definition } = entry;
	switch (keyword) {
		case "bool":
		case "tristate":
		case "string":
		case "hex":
		case "int":
			symbol.type = keyword;
			if (rest[0]) definition.prompt = prompt(rest);
			return;
		case "def_bool":
		case "def_tristate":
			symbol.type = keyword.slice(4) as SymbolType;
			return;
		case "prompt":
			definition.prompt = prompt(rest);
			return;
		case "depends":
			definition.dependsOn = both(
				definition.dependsOn,
				parseExpression(rest.slice(1)).expression,
			);
			return;
		case "select":
		case "imply":
			if (keyword === "select" && rest[0])
				symbolNamed(rest[0].text, state).selectedBy.push({
					by: symbol.name,
					condition: condition(rest.slice(1)),
				});
			return;
		case "range":
			definition.range = {
				low: rest[0]?.text ?? "",
				high: rest[1]?.text ?? "",
				condition: condition(rest.slice(2)),
			};
			return;
		default:
	}
}

const prompt = (rest: Token[]): NonNullable<Definition["prompt"]> => ({
	text: rest[0]?.text ?? "",
	condition: condition(rest.slice(1)),
});

/** The expression after `if`, when there is one. */
function condition(rest: Token[]): Expression | undefined {
	return rest[0]?.text === "if"
		? parseExpression(rest.slice(1)).expression
		: undefined;
}

function symbolNamed(name: string, state: State): KconfigSymbol {
	const known = state.symbols.get(name);
	if (known) return known;
	const symbol: KconfigSymbol = {
		name,
		type: undefined,
		definitions: [],
		selectedBy: [],
	};
	state.symbols.set(name, symbol);
	return symbol;
}

const conjunction = (
	parts: readonly (Expression | undefined)[],
): Expression | undefined =>
	parts.reduce((left, right) => both(left, right), undefined);
