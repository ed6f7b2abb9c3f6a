import {
	allCommands,
	type CommandWords,
	type OptionWords,
} from "./completion/words.ts";

export interface ManualFacts {
	version: string;
	/** Exit codes and what each means. */
	exitCodes: readonly (readonly [code: string, meaning: string])[];
	/** Environment variables that count. */
	environment: readonly (readonly [name: string, meaning: string])[];
	/** Files worth knowing. */
	files: readonly (readonly [path: string, meaning: string])[];
}

/** What the manual says besides the commands. */
export const manualFacts: Omit<ManualFacts, "version"> = {
	exitCodes: [
		["0", "Done."],
		["1", "A step or a program that it ran failed."],
		["2", "The input was bad: a config, an option, a file."],
		["70", "A bug of dock0, shown with its stack."],
		["128+n", "Ended by signal n."],
	],
	environment: [
		["DOCK0_CACHE_DIR", "Where step outputs are kept."],
		[
			"DOCK0_TREES",
			"With `disk`, trees are unpacked in the cache while they are worked on, never in memory.",
		],
		["XDG_CACHE_HOME", "Folder of the cache when that is unset."],
		["NO_COLOR", "Turns colours off when it is set."],
	],
	files: [
		["dock0.yaml", "The config of a project."],
		["build/NAME", "The release that a build leaves: kernel, initramfs, root."],
		["~/.cache/dock0", "The cache."],
	],
};

/** The manual page dock0(1) in the man macros (groff_man(7)). Pure. */
export function manualPage(root: CommandWords, facts: ManualFacts): string {
	const commands = allCommands(root).filter(
		({ command }) => command.commands.length === 0,
	);
	const lines = [
		`.TH DOCK0 1 "" "dock0 ${text(facts.version)}" "User Commands"`,
		".SH NAME",
		"dock0 \\- minimal, read-only Linux hosts from a few config files",
		".SH SYNOPSIS",
		".B dock0",
		".I command",
		"[\\fIoptions\\fR] [\\fIconfig\\fR ...]",
		".SH DESCRIPTION",
		text(root.description),
		"Config layers are merged from left to right, the last one wins; without one the",
		"dock0.yaml, dock0.yml, dock0.json or dock0.ts of the current folder is read.",
		".SH COMMANDS",
		...commands.flatMap(({ path, command }) => [
			`.SS ${synopsis(path, command)}`,
			`${text(sentence(command.description))}`,
			...command.arguments
				.filter(({ description }) => description)
				.flatMap(({ name, description }) => [
					".TP",
					`.I ${text(name)}`,
					text(description),
				]),
			...command.options
				.filter(({ flags }) => !flags.includes("--help"))
				.flatMap((option) => [
					".TP",
					optionHead(option),
					text(option.description),
				]),
		]),
		".SH EXIT STATUS",
		...tagged(facts.exitCodes),
		".SH ENVIRONMENT",
		...tagged(facts.environment),
		".SH FILES",
		...tagged(facts.files),
		".SH EXAMPLES",
		...allCommands(root).flatMap(({ command }) =>
			command.examples.flatMap(([line, meaning]) => [
				".TP",
				`.B ${text(line)}`,
				text(meaning),
			]),
		),
		".SH SEE ALSO",
		".BR qemu-system-x86_64 (1),",
		".BR mmdebstrap (1),",
		".BR mksquashfs (1)",
	];
	return `${lines.join("\n")}\n`;
}

function synopsis(path: string, command: CommandWords): string {
	const operands = command.arguments.map(({ name, variadic, required }) => {
		const word = variadic ? `${name} ...` : name;
		return required ? word : `[${word}]`;
	});
	return text(
		["dock0", ...path.split("/").filter(Boolean), ...operands].join(" "),
	);
}

function optionHead({ flags, value }: OptionWords): string {
	const names = flags.map((flag) => `\\fB${text(flag)}\\fR`).join(", ");
	return value ? `${names} \\fI${text(value.name)}\\fR` : names;
}

function tagged(list: readonly (readonly [string, string])[]): string[] {
	return list.flatMap(([name, meaning]) => [
		".TP",
		`.B ${text(name)}`,
		text(meaning),
	]);
}

function sentence(words: string): string {
	const whole = words.slice(0, 1).toUpperCase() + words.slice(1);
	return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

/** Keeps roff from reading anything in the text (groff_man_style(7)). */
function text(words: string): string {
	const plain = words
		.replaceAll("\\", "\\e")
		.replaceAll("-", "\\-")
		.replaceAll('"', "\\(dq")
		.replaceAll("'", "\\(aq")
		.replaceAll("`", "\\(ga")
		.replaceAll("~", "\\(ti")
		.replaceAll("^", "\\(ha");
	// A line that begins with a full stop would be a request; long ones are hard on readers of diffs.
	return plain
		.replaceAll(/(?=.{79})(.{1,78}) /g, "$1\n")
		.replaceAll(/^\./gm, "\\&.");
}
