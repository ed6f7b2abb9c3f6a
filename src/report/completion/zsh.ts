import { shellWord } from "../../system/shell-word.ts";
import {
	allCommands,
	type CommandWords,
	type OptionWords,
	type PlacedCommand,
	type ValueKind,
} from "./words.ts";

/** A zsh completion script in the form that compinit finds in fpath, with descriptions. */
export function zshCompletion(root: CommandWords): string {
	const functions = allCommands(root).map((placed) =>
		placed.command.commands.length > 0 ? group(placed) : leaf(placed),
	);
	return `#compdef ${root.name}
# zsh completion for ${root.name}, made by: ${root.name} completion zsh
${functions.join("\n")}
if [ "$funcstack[1]" = _${root.name} ]; then
	_${root.name} "$@"
else
	compdef _${root.name} ${root.name}
fi
`;

	function functionName(path: string): string {
		return `_${root.name}${path.replaceAll(/[/-]/g, "_")}`;
	}

	function leaf({ path, command }: PlacedCommand): string {
		const operands = command.arguments.map(
			({ name, variadic, required, value }) => {
				const count = variadic ? "*" : "";
				return shellWord(
					`${count}:${required || variadic ? "" : ":"}${escapeWords(name)}:${action(value)}`,
				);
			},
		);
		return `${functionName(path)}() {
	_arguments -s -S \\
${[...command.options.map(option), ...operands].map((line) => `\t\t${line}`).join(" \\\n")}
}`;
	}

	function group({ path, command }: PlacedCommand): string {
		const entries = command.commands.flatMap((child) =>
			[child.name, ...child.aliases].map((name) =>
				shellWord(`${name}:${child.description}`),
			),
		);
		const cases = command.commands.map(
			(child) =>
				`\t\t${[child.name, ...child.aliases].join("|")}) ${functionName(`${path}/${child.name}`)} ;;`,
		);
		return `${functionName(path)}() {
	local -a commands
	local state line context curcontext="$curcontext"
	typeset -A opt_args
	commands=(
${entries.map((entry) => `\t\t${entry}`).join("\n")}
	)
	_arguments -C \\
${command.options.map((one) => `\t\t${option(one)} \\\n`).join("")}		'1:command:->command' '*::argument:->argument'
	case $state in
	command) _describe -t commands command commands ;;
	argument) case $words[1] in
${cases.join("\n")}
		esac ;;
	esac
}`;
	}

	function option({ flags, description, value }: OptionWords): string {
		const rest = `[${escapeWords(description)}]${value ? `:${escapeWords(value.name)}:${action(value)}` : ""}`;
		const [first = "", ...more] = flags;
		return more.length === 0
			? shellWord(first + rest)
			: `${shellWord(`(${flags.join(" ")})`)}{${flags.join(",")}}${shellWord(rest)}`;
	}

	function action(value: ValueKind): string {
		switch (value.kind) {
			case "file":
				return "_files";
			case "folder":
				return "_files -/";
			case "choice":
				return `(${value.choices.join(" ")})`;
			case "other":
				return " ";
		}
	}
}

/** `_arguments` reads brackets, colons and backslashes itself. */
function escapeWords(text: string): string {
	return text.replaceAll(/[[\]:\\]/g, "\\$&");
}
