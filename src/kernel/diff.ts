import { type ConfigValues, valueIn } from "./kconfig/config-file.ts";

/** One option that two configs answer in different ways; values as in a .config, `n` when off. */
export interface ConfigDifference {
	name: string;
	before: string;
	after: string;
}

/** What differs between two kernel configs, sorted by name; an option that is absent counts as off. */
export function diffConfigs(
	before: ConfigValues,
	after: ConfigValues,
): ConfigDifference[] {
	return [...new Set([...before.keys(), ...after.keys()])]
		.sort()
		.map((name) => ({
			name,
			before: valueIn(before, name),
			after: valueIn(after, name),
		}))
		.filter((one) => one.before !== one.after);
}

/** `-` and `+` lines for options that went and came, `~` for other values. */
export function formatDifference({
	name,
	before,
	after,
}: ConfigDifference): string {
	if (before === "n") return `+ CONFIG_${name}=${after}`;
	if (after === "n") return `- CONFIG_${name}=${before}`;
	return `~ CONFIG_${name}=${before} -> ${after}`;
}
