/** What a value on the command line names. */
export type ValueKind =
	| { readonly kind: "file" | "folder" | "other" }
	| { readonly kind: "choice"; readonly choices: readonly string[] };

export interface OptionWords {
	/** `-o`, `--output`; the short one first. */
	readonly flags: readonly string[];
	readonly description: string;
	/** Absent when the option takes none. */
	readonly value?: ValueKind & { readonly name: string };
}

export interface ArgumentWords {
	readonly name: string;
	readonly description: string;
	readonly variadic: boolean;
	readonly required: boolean;
	readonly value: ValueKind;
}

/** A command as completions and the manual see it. */
export interface CommandWords {
	readonly name: string;
	readonly aliases: readonly string[];
	readonly description: string;
	readonly arguments: readonly ArgumentWords[];
	readonly options: readonly OptionWords[];
	readonly commands: readonly CommandWords[];
	readonly examples: readonly (readonly [line: string, meaning: string])[];
}

/** A command with the words that lead to it, aliases among them: `/vm/list`. */
export interface PlacedCommand {
	readonly path: string;
	readonly command: CommandWords;
}

/** The command and all below it; `path` of the first is empty. */
export function allCommands(command: CommandWords, path = ""): PlacedCommand[] {
	return [
		{ path, command },
		...command.commands.flatMap((child) =>
			allCommands(child, `${path}/${child.name}`),
		),
	];
}

/** The last word that a value's name is made of, e.g. `[config...]`, says what it is. */
export function valueKind(
	name: string,
	choices: readonly string[] = [],
): ValueKind {
	if (choices.length > 0) return { kind: "choice", choices };
	if (/^(dir|directory|folder|release|other)$/.test(name))
		return { kind: "folder" };
	if (
		/^(file|files|config|layers|before|after|disk|image|report|path)$/.test(
			name,
		)
	)
		return { kind: "file" };
	return { kind: "other" };
}
