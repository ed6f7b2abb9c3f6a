import type { Command } from "commander";
import { type CommandWords, valueKind } from "../report/completion/words.ts";
import { examplesOf } from "./examples.ts";

/** A commander program as completions and the manual need it. */
export function wordsOf(command: Command, path = ""): CommandWords {
	const help = command.createHelp();
	return {
		name: command.name(),
		aliases: command.aliases(),
		description: command.description(),
		arguments: command.registeredArguments.map((argument) => ({
			name: argument.name(),
			description: argument.description,
			variadic: argument.variadic,
			required: argument.required,
			value: valueKind(argument.name(), argument.argChoices),
		})),
		options: help.visibleOptions(command).map((option) => {
			const name = /[<[]([^\]>.]+)/.exec(option.flags)?.[1];
			return {
				flags: [option.short, option.long].filter(
					(flag): flag is string => flag !== undefined,
				),
				description: option.description,
				...(name === undefined
					? {}
					: { value: { name, ...valueKind(name, option.argChoices) } }),
			};
		}),
		commands: help
			.visibleCommands(command)
			.filter((child) => child.name() !== "help")
			.map((child) => wordsOf(child, `${path} ${child.name()}`.trim())),
		examples: examplesOf(path),
	};
}
