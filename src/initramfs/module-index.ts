import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { stepFailure } from "../system/errors.ts";

/** What a kernel's module folder says, keyed by module names with `_` for `-` (as the kernel does). */
export interface ModuleIndex {
	/** Path of each module's file, relative to the module folder. */
	readonly files: ReadonlyMap<string, string>;
	/** Hard dependencies, from modules.dep(5). */
	readonly dependencies: ReadonlyMap<string, readonly string[]>;
	/** Modules (or aliases) to load before, if they exist, from modprobe.d(5) `softdep … pre:`. */
	readonly softPre: ReadonlyMap<string, readonly string[]>;
	/** Modules compiled into the kernel. */
	readonly builtin: ReadonlySet<string>;
	/** Plain aliases (no wildcards) to module names. */
	readonly aliases: ReadonlyMap<string, readonly string[]>;
}

/** The texts of the files that depmod(8) and the kernel's build leave in the module folder. */
export interface ModuleTexts {
	/** modules.dep */
	dep: string;
	/** modules.softdep */
	softdep: string;
	/** modules.builtin */
	builtin: string;
	/** modules.alias */
	alias: string;
}

/** A module's name from its file name or from what a person wrote: `ko` endings cut, `-` as `_`. */
export function moduleName(file: string): string {
	return basename(file)
		.replace(/\.ko(\.(xz|zst|gz))?$/, "")
		.replaceAll("-", "_");
}

/** Reads the four texts; pure. */
export function parseModuleIndex(texts: ModuleTexts): ModuleIndex {
	const files = new Map<string, string>();
	const dependencies = new Map<string, readonly string[]>();
	for (const line of lines(texts.dep)) {
		const colon = line.indexOf(":");
		if (colon < 0) continue;
		const path = line.slice(0, colon).trim();
		const name = moduleName(path);
		files.set(name, path);
		dependencies.set(name, words(line.slice(colon + 1)).map(moduleName));
	}
	const softPre = new Map<string, string[]>();
	for (const line of lines(texts.softdep)) {
		const [keyword, name, ...rest] = words(line);
		if (keyword !== "softdep" || !name) continue;
		push(softPre, moduleName(name), ...wordsAfterPre(rest));
	}
	const aliases = new Map<string, string[]>();
	for (const line of lines(texts.alias)) {
		const [keyword, alias, target] = words(line);
		if (keyword !== "alias" || !alias || !target || /[*?[]/.test(alias))
			continue;
		push(aliases, moduleName(alias), moduleName(target));
	}
	const builtin = new Set(lines(texts.builtin).map(moduleName));
	return { files, dependencies, softPre, builtin, aliases };
}

/**
 * Reads the index of a kernel's module folder, `…/lib/modules/VERSION`.
 * A folder without modules.dep is fine when the kernel has no loadable modules at all.
 * @throws ExpectedError (exit code 1) when modules.dep is missing beside modules.
 */
export async function readModuleIndex(folder: string): Promise<ModuleIndex> {
	const read = async (name: string): Promise<string | undefined> => {
		try {
			return await readFile(join(folder, name), "utf8");
		} catch {
			return undefined;
		}
	};
	const [dep, softdep, builtin, alias] = await Promise.all(
		["dep", "softdep", "builtin", "alias"].map((name) =>
			read(`modules.${name}`),
		),
	);
	if (dep === undefined && (await exists(join(folder, "kernel"))))
		throw stepFailure({
			code: "INITRAMFS_NO_MODULE_INDEX",
			message: `${folder} has modules but no modules.dep`,
			hint: `run: depmod -b BASE ${basename(folder)} (BASE is the folder that holds lib/modules)`,
		});
	return parseModuleIndex({
		dep: dep ?? "",
		softdep: softdep ?? "",
		builtin: builtin ?? "",
		alias: alias ?? "",
	});
}

function wordsAfterPre(rest: readonly string[]): string[] {
	const found: string[] = [];
	let inPre = false;
	for (const word of rest) {
		if (word.endsWith(":")) inPre = word === "pre:";
		else if (inPre) found.push(moduleName(word));
	}
	return found;
}

function lines(text: string): string[] {
	return text
		.split("\n")
		.map((line) => line.trim())
		.filter((line) => line !== "" && !line.startsWith("#"));
}

function words(text: string): string[] {
	return text.split(/\s+/).filter((word) => word !== "");
}

function push(
	map: Map<string, string[]>,
	key: string,
	...values: string[]
): void {
	const list = map.get(key);
	if (list) list.push(...values);
	else map.set(key, values);
}

async function exists(path: string): Promise<boolean> {
	try {
		await stat(path);
		return true;
	} catch {
		return false;
	}
}
