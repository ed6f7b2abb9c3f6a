import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import { shownPath } from "./layers.ts";

const names = ["dock0.yaml", "dock0.yml", "dock0.json", "dock0.ts"] as const;

/**
 * The config file that is used when none is named: `dock0.yaml`, `.yml`, `.json` or `.ts` in `directory`.
 * @returns its absolute path
 * @throws ExpectedError when there is none, or more than one
 */
export function findConfigFile(directory: string): string {
	const folder = resolve(directory);
	const found = names.filter((name) => existsSync(join(folder, name)));
	const [first, second] = found;
	if (first && !second) return join(folder, first);
	const shown = shownPath(folder);
	if (first)
		throw new ExpectedError({
			code: "CONFIG_AMBIGUOUS_FILE",
			message: `'${shown}' holds several configs: ${found.join(", ")}`,
			hint: "name the one to use, or all of them, lowest first",
		});
	throw new ExpectedError({
		code: "CONFIG_NOT_FOUND",
		message: existsSync(folder)
			? `there is no ${names.join(", ")} in '${shown}'`
			: `there is no folder '${shown}'`,
		hint: "name a config file, or the folder of one with -C",
	});
}
