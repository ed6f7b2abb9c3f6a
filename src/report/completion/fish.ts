import {
	allCommands,
	type CommandWords,
	type PlacedCommand,
	type ValueKind,
} from "./words.ts";

/** A fish completion script, with descriptions. */
export function fishCompletion(root: CommandWords): string {
	const commands = allCommands(root);
	const cases = commands.flatMap(({ path, command }) => {
		if (path === "") return [];
		const parent = path.slice(0, path.lastIndexOf("/"));
		const names = [command.name, ...command.aliases].map(
			(name) => `${parent}/${name}`,
		);
		return [`\t\t\tcase ${names.join(" ")}\n\t\t\t\tset at ${path}`];
	});
	return `# fish completion for ${root.name}, made by: ${root.name} completion fish
function __${root.name}_at
	set -l at ""
	for word in (commandline -opc)[2..-1]
		switch "$at/$word"
${cases.join("\n")}
		end
	end
	test "$at" = "$argv[1]"
end
complete -c ${root.name} -f
${commands.flatMap(lines).join("\n")}
`;

	function lines({ path, command }: PlacedCommand): string[] {
		const begin = `complete -c ${root.name} -n '__${root.name}_at "${path}"'`;
		const children = command.commands.flatMap((child) =>
			[child.name, ...child.aliases].map(
				(name) => `${begin} -a ${name} -d ${quote(child.description)}`,
			),
		);
		const options = command.options.map(({ flags, description, value }) => {
			const names = flags.map((flag) =>
				flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
			);
			return `${begin} ${names.join(" ")} -d ${quote(description)}${value ? ` ${value.kind === "file" ? "-r" : "-x"}${values(value)}` : ""}`;
		});
		const operand = command.arguments[0]
			? values(command.arguments[0].value)
			: "";
		return [...children, ...options, ...(operand ? [begin + operand] : [])];
	}

	function values(value: ValueKind): string {
		switch (value.kind) {
			case "file":
				return " -F";
			case "folder":
				return ` -a '(__fish_complete_directories (commandline -ct) "")'`;
			case "choice":
				return ` -a ${quote(value.choices.join(" "))}`;
			case "other":
				return "";
		}
	}
}

function quote(text: string): string {
	return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
