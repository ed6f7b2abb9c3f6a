import { InvalidArgumentError } from "commander";
import { defineCommand, print } from "./command.ts";

interface CleanOptions {
	olderThan?: number;
	maxSize?: number;
	all?: boolean;
}

export const cleanCommand = defineCommand((program) => {
	program
		.command("clean")
		.description(
			"remove cached step outputs that are old or too many, and leftovers of killed builds",
		)
		.option(
			"--older-than <days>",
			"remove what was not used for this many days (default: 30)",
			parseDays,
		)
		.option(
			"--max-size <size>",
			"then remove the least recently used until this much is left, e.g. 10G",
			parseSize,
		)
		.option("--all", "remove every cached output")
		.action(async (options: CleanOptions) => {
			const { prune } = await import("../plan/prune.ts");
			const { formatBytes } = await import("../report/numbers.ts");
			const result = await prune(
				options.all
					? { maxBytes: -1 }
					: {
							olderThanDays: options.olderThan ?? 30,
							maxBytes: options.maxSize,
						},
			);
			const sum = (entries: typeof result.kept): string =>
				`${entries.length} outputs, ${formatBytes(entries.reduce((total, { record }) => total + record.bytes, 0))}`;
			print(`removed ${sum(result.removed)}; kept ${sum(result.kept)}`);
			if (result.leftovers > 0)
				print(
					`removed ${result.leftovers} folders that killed builds left behind`,
				);
		});
});

function parseDays(text: string): number {
	const days = Number(text);
	if (!Number.isFinite(days) || days < 0)
		throw new InvalidArgumentError("a number of days is wanted, e.g. 14");
	return days;
}

function parseSize(text: string): number {
	const match = /^(\d+(?:\.\d+)?)\s*([kMGT]?)B?$/i.exec(text);
	if (!match)
		throw new InvalidArgumentError("a size is wanted, e.g. 500M or 10G");
	const exponent = ["", "K", "M", "G", "T"].indexOf(
		(match[2] ?? "").toUpperCase(),
	);
	return Number(match[1]) * 1000 ** exponent;
}
