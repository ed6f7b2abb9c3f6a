import { readFile } from "node:fs/promises";
import { ExpectedError } from "../system/errors.ts";
import {
	type ConfigValues,
	parseConfig,
	valueIn,
} from "./kconfig/config-file.ts";

/** One option that two configs answer in different ways; values as in a .config, `n` when off. */
export interface ConfigDifference {
	name: string;
	before: string;
	after: string;
}

/**
 * What differs between two .config files.
 * @throws ExpectedError when one cannot be read.
 */
export async function diffConfigFiles(
	before: string,
	after: string,
): Promise<ConfigDifference[]> {
	const [old, fresh] = await Promise.all([before, after].map(readConfig));
	return diffConfigs(old ?? new Map(), fresh ?? new Map());
}

async function readConfig(file: string): Promise<ConfigValues> {
	try {
		return parseConfig(await readFile(file, "utf8"));
	} catch (error) {
		throw new ExpectedError(
			{
				code: "KERNEL_CONFIG_MISSING",
				message: `cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`,
				hint: "name a .config, e.g. one that `dock0 kernel config --save` wrote",
			},
			{ cause: error },
		);
	}
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
