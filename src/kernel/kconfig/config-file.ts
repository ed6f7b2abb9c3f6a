import { ExpectedError, type Where } from "../../system/errors.ts";

/**
 * Option name without `CONFIG_` to its value as written in a .config: `y`, `m`, a number, or a string
 * in its quotes. What is "not set" is `n`.
 */
export type ConfigValues = ReadonlyMap<string, string>;

/** An option that a fragment asks for. */
export interface Request {
	name: string;
	value: string;
	/** May be missing from the result. */
	optional: boolean;
	where: Where;
}

const assignment = /^CONFIG_([A-Za-z0-9_]+)=(.*)$/;
const unset = /^# CONFIG_([A-Za-z0-9_]+) is not set$/;

/** Parses a .config. `n` and an absent option mean the same to Kconfig; see `valueIn`. */
export function parseConfig(text: string): ConfigValues {
	const values = new Map<string, string>();
	for (const line of text.split("\n")) {
		const set = assignment.exec(line);
		if (set?.[1]) values.set(set[1], set[2] ?? "");
		const off = unset.exec(line);
		if (off?.[1]) values.set(off[1], "n");
	}
	return values;
}

/** The value of an option in a config, `n` when it is not there. */
export const valueIn = (config: ConfigValues, name: string): string =>
	config.get(name) ?? "n";

/**
 * Parses a fragment: .config syntax, plus `CONFIG_X=n`. A line `# optional` makes the option on the
 * next line one that may be dropped, e.g. because only some kernel versions have it.
 * @throws ExpectedError KERNEL_FRAGMENT_SYNTAX naming every line that is neither an option nor a comment.
 */
export function parseFragment(text: string, file: string): Request[] {
	const requests: Request[] = [];
	const problems: { where: Where; text: string }[] = [];
	let optional = false;
	text.split("\n").forEach((raw, index) => {
		const line = raw.trim();
		const where: Where = { file, line: index + 1, column: 1, text: raw };
		const set = assignment.exec(line);
		const off = unset.exec(line);
		if (set?.[1] && isValue(set[2] ?? ""))
			requests.push({ name: set[1], value: set[2] ?? "", optional, where });
		else if (off?.[1])
			requests.push({ name: off[1], value: "n", optional, where });
		else if (line !== "" && !line.startsWith("#"))
			problems.push({ where, text: line });
		optional = line === "# optional";
	});
	if (problems.length > 0)
		throw new ExpectedError(
			problems.map((problem) => ({
				code: "KERNEL_FRAGMENT_SYNTAX",
				message: `'${problem.text}' is not a kernel option`,
				where: problem.where,
				hint: 'write CONFIG_NAME=y, =m, =n, a number, or a "string", without anything after it',
			})),
		);
	return requests;
}

const isValue = (text: string): boolean =>
	/^([ymn]|-?\d+|0x[0-9a-fA-F]+|"([^"\\]|\\.)*")$/.test(text);

/** Later requests for the same option replace earlier ones, as in merge_config.sh. */
export function lastRequests(requests: readonly Request[]): Request[] {
	const last = new Map<string, Request>();
	for (const request of requests) {
		last.delete(request.name);
		last.set(request.name, request);
	}
	return [...last.values()];
}

/** One line of a .config. */
export function formatOption(name: string, value: string): string {
	return value === "n"
		? `# CONFIG_${name} is not set`
		: `CONFIG_${name}=${value}`;
}
