import {
	allCommands,
	type CommandWords,
	type PlacedCommand,
	type ValueKind,
} from "./words.ts";

/**
 * A bash completion script: commands, options, and values where their kind is known. It does not start
 * dock0, so that pressing Tab never waits.
 */
export function bashCompletion(root: CommandWords): string {
	const commands = allCommands(root);
	return `# bash completion for ${root.name}, made by: ${root.name} completion bash
_${root.name}() {
	local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} at='' i
	COMPREPLY=()
	# --option=value arrives as three words.
	if [[ $current == "=" ]]; then
		current=''
	elif [[ $previous == "=" ]]; then
		previous=\${COMP_WORDS[COMP_CWORD-2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case "$at/\${COMP_WORDS[i]}" in
${commands.flatMap(walk).join("\n")}
		esac
	done
	case "$at:$previous" in
${commands.flatMap(values).join("\n")}
	esac
	if [[ $current == -* ]]; then
		case "$at" in
${commands.map(flags).join("\n")}
		esac
		return
	fi
	case "$at" in
${commands.flatMap(operands).join("\n")}
	esac
}
_${root.name}_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}
_${root.name}_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}
complete -F _${root.name} ${root.name}
`;

	function walk({ path, command }: PlacedCommand): string[] {
		if (path === "") return [];
		const parent = path.slice(0, path.lastIndexOf("/"));
		const names = [command.name, ...command.aliases]
			.map((name) => `"${parent}/${name}"`)
			.join("|");
		return [`\t\t${names}) at=${path} ;;`];
	}

	function values({ path, command }: PlacedCommand): string[] {
		return command.options.flatMap(({ flags: names, value }) =>
			value
				? [
						`\t${names.map((name) => `"${path}:${name}"`).join("|")}) ${complete(value)}return ;;`,
					]
				: [],
		);
	}

	function flags({ path, command }: PlacedCommand): string {
		const names = command.options.flatMap((option) => option.flags);
		return `\t\t"${path}") _${root.name}_words "${names.join(" ")}" "$current" ;;`;
	}

	function operands({ path, command }: PlacedCommand): string[] {
		if (command.commands.length > 0) {
			const names = command.commands.flatMap((child) => [
				child.name,
				...child.aliases,
			]);
			return [
				`\t"${path}") _${root.name}_words "${names.join(" ")}" "$current" ;;`,
			];
		}
		const [first] = command.arguments;
		const action = first ? complete(first.value) : "";
		return action ? [`\t"${path}") ${action};;`] : [];
	}

	function complete(value: ValueKind): string {
		switch (value.kind) {
			case "file":
				return `_${root.name}_files -f "$current"; `;
			case "folder":
				return `_${root.name}_files -d "$current"; `;
			case "choice":
				return `_${root.name}_words "${value.choices.join(" ")}" "$current"; `;
			case "other":
				return "";
		}
	}
}
