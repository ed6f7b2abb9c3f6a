import type { Expression } from "./expression.ts";

export type SymbolType = "bool" | "tristate" | "string" | "hex" | "int";

export interface Choice {
	prompt: string;
	dependsOn: Expression | undefined;
	members: string[];
}

/** A reverse dependency: the symbol `by` forces (select) or suggests (imply) another. */
export interface Selection {
	by: string;
	condition: Expression | undefined;
}

/** One `config NAME` entry; a symbol can have several, in different files. */
export interface Definition {
	file: string;
	line: number;
	/** A symbol without a prompt cannot be set in a config: only defaults and selects decide. */
	prompt: { text: string; condition: Expression | undefined } | undefined;
	/** Own `depends on` and those of every menu, `if` and choice around it. */
	dependsOn: Expression | undefined;
	/** `visible if` of the menus around it: it limits the prompt only. */
	visibleIf: Expression | undefined;
	range:
		| { low: string; high: string; condition: Expression | undefined }
		| undefined;
	choice: Choice | undefined;
}

export interface KconfigSymbol {
	name: string;
	type: SymbolType | undefined;
	definitions: Definition[];
	selectedBy: Selection[];
}

/** All symbols of one architecture's Kconfig files, by name without `CONFIG_`. */
export type KconfigTree = ReadonlyMap<string, KconfigSymbol>;
