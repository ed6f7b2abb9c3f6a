import { distance } from "fastest-levenshtein";
import { ExpectedError, type ProblemDetails } from "../system/errors.ts";
import { type ModuleIndex, moduleName } from "./module-index.ts";

/** A wanted module and all that must be loaded for it. */
export interface ModuleGroup {
	/** The wanted module, `-` as `_`. */
	name: string;
	/** Names in load order; the wanted one is the last. */
	order: readonly string[];
}

/** What goes into the image. */
export interface ModulePlan {
	groups: readonly ModuleGroup[];
	/** Path of each needed module's file, relative to the module folder. */
	files: ReadonlyMap<string, string>;
}

/**
 * Works out which module files `wanted` needs and in which order they load. Built-in modules need
 * nothing; `?name` may be absent; softdeps and aliases that lead nowhere are left out.
 * @throws ExpectedError (exit code 2) naming every absent module and the nearest existing names.
 */
export function planModules(
	index: ModuleIndex,
	wanted: readonly string[],
): ModulePlan {
	const problems: ProblemDetails[] = [];
	const groups = new Map<string, ModuleGroup>();
	for (const written of wanted) {
		const optional = written.startsWith("?");
		const name = moduleName(optional ? written.slice(1) : written);
		const targets = resolve(index, name);
		if (targets === undefined && !optional)
			problems.push(absentProblem(index, name));
		for (const target of targets ?? [])
			groups.set(target, { name: target, order: loadOrder(index, target) });
	}
	if (problems.length > 0) throw new ExpectedError(problems);
	const files = new Map<string, string>();
	for (const { order } of groups.values())
		for (const name of order) {
			const file = index.files.get(name);
			if (file !== undefined) files.set(name, file);
		}
	return { groups: [...groups.values()], files };
}

/** The modules that a name stands for: none when it is built in, `undefined` when it is unknown. */
function resolve(index: ModuleIndex, name: string): string[] | undefined {
	if (index.files.has(name)) return [name];
	if (index.builtin.has(name)) return [];
	const targets = index.aliases.get(name);
	return targets?.filter((target) => index.files.has(target));
}

/** Depth first, dependencies before dependents; a module met again (also in a softdep circle) is skipped. */
function loadOrder(index: ModuleIndex, wanted: string): string[] {
	const order: string[] = [];
	const seen = new Set<string>();
	const visit = (name: string): void => {
		if (seen.has(name)) return;
		seen.add(name);
		for (const soft of index.softPre.get(name) ?? [])
			for (const target of resolve(index, soft) ?? []) visit(target);
		// modules.dep lists what to load first last
		for (const dependency of (index.dependencies.get(name) ?? []).toReversed())
			visit(dependency);
		// a dependency without a file of its own is built in
		if (index.files.has(name)) order.push(name);
	};
	visit(wanted);
	return order;
}

function absentProblem(index: ModuleIndex, name: string): ProblemDetails {
	const near = [
		...index.files.keys(),
		...index.builtin,
		...index.aliases.keys(),
	]
		.map((known) => ({ known, far: distance(name, known) }))
		.filter(({ known, far }) => far <= 3 || known.includes(name))
		.sort((a, b) => a.far - b.far || (a.known < b.known ? -1 : 1))
		.slice(0, 5)
		.map(({ known }) => known);
	const suggestion =
		near.length > 0 ? `names like it: ${[...new Set(near)].join(", ")}; ` : "";
	return {
		code: "INITRAMFS_MODULE_ABSENT",
		message: `the kernel has no module '${name}', neither loadable nor built in`,
		hint:
			name === "dm_verity"
				? "add `verity` to kernel.config, or set image.verity to false"
				: `${suggestion}write '?${name}' if the kernel may lack it`,
	};
}
