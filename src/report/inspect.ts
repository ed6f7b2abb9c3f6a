import type { Changed, Difference } from "./difference.ts";
import { groupOf, type ReleaseFacts } from "./facts.ts";
import { formatBytes } from "./numbers.ts";

/** A release as text: parts, largest packages and folders, services, ports. */
export function describeFacts(facts: ReleaseFacts, most: number): string {
	const { parts, packages, services, ports, kernel } = facts;
	const total = sum(parts.map(({ bytes }) => bytes));
	const unpacked = sum(packages.map(({ bytes }) => bytes));
	const folders = folderSizes(facts);
	return [
		`${facts.name} ${facts.version}, kernel ${kernel.version}, ${facts.signed ? "signed" : "not signed"}`,
		`${formatBytes(total)}: ${parts.map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`).join(", ")}`,
		`${formatBytes(unpacked)} in the root, not compressed: ${packages.length} packages, ${facts.entries.length} entries`,
		"",
		"largest packages",
		...table(
			packages
				.slice(0, most)
				.map(({ name, version, bytes }) => [formatBytes(bytes), name, version]),
		),
		"",
		"largest folders",
		...table(
			folders
				.slice(0, most)
				.map(({ path, bytes }) => [formatBytes(bytes), `/${path}`]),
		),
		...section(
			`enabled units (and ${services.filter(({ isStatic }) => isStatic).length} that their packages always want)`,
			services
				.filter(({ isStatic }) => !isStatic)
				.map(({ unit, target }) => [unit, target]),
		),
		...section(
			"ports",
			ports.map(({ port, from }) => [port, from]),
		),
		...(facts.kernelOptions
			? ["", `${Object.keys(facts.kernelOptions).length} kernel options are on`]
			: []),
	].join("\n");
}

/** Sizes of the folders one and two levels below `/usr`, one level below the others; largest first. */
export function folderSizes({
	entries,
}: Pick<ReleaseFacts, "entries">): { path: string; bytes: number }[] {
	const sizes = new Map<string, number>();
	for (const { path, bytes } of entries) {
		if (!bytes) continue;
		const names = path.split("/");
		const depth = names[0] === "usr" ? 3 : 2;
		const folder = names.slice(0, Math.min(depth, names.length - 1)).join("/");
		sizes.set(folder, (sizes.get(folder) ?? 0) + bytes);
	}
	return [...sizes]
		.map(([path, bytes]) => ({ path, bytes }))
		.sort((a, b) => b.bytes - a.bytes);
}

/** What differs, as text; lists longer than `most` are cut, and say by how much. */
export function describeDifference(found: Difference, most: number): string {
	const { parts, packages, files, services, settings, kernelOptions } = found;
	const [oldKernel, newKernel] = found.kernelVersion;
	const lines = [
		...section("sizes", parts.map(sizeRow)),
		...section(
			"packages",
			cut(
				packages.map(({ name, before, after }) => [
					sign({ before, after }),
					name,
					[before?.version, after?.version]
						.filter((word, index, all) => word && word !== all[index - 1])
						.join(" -> "),
					signedBytes((after?.bytes ?? 0) - (before?.bytes ?? 0)),
				]),
				most,
			),
		),
		...(oldKernel === newKernel
			? []
			: section("kernel", [[oldKernel, "->", newKernel]])),
		...section(
			"kernel options",
			cut(
				(kernelOptions ?? []).map(({ name, before, after }) => [
					before === "n" ? "+" : after === "n" ? "-" : "~",
					`CONFIG_${name}`,
					before === "n" ? after : after === "n" ? "" : `${before} -> ${after}`,
				]),
				most,
			),
		),
		...section("units", services.map(wordRow)),
		...section("kernel parameters", found.cmdline.map(wordRow)),
		...section(
			"settings",
			cut(
				settings.map(({ name, before, after }) => [
					sign({ before, after }),
					name,
					[before, after]
						.filter((value) => value !== undefined)
						.map((value) => JSON.stringify(value))
						.join(" -> "),
				]),
				most,
			),
		),
		...section(
			"files",
			cut(
				files.map(({ name, before, after }) => [
					sign({ before, after }),
					`/${name}`,
				]),
				most,
			),
		),
	];
	return lines.length === 0 ? "no difference" : lines.slice(1).join("\n");
}

/** Sizes by package and then folder, what a treemap draws. */
export interface SizeTree {
	name: string;
	bytes: number;
	children?: SizeTree[];
}

/** The root's sizes as a tree: by `package`, or by `folder`; small leaves of one parent are put together. */
export function sizeTree(
	entries: ReleaseFacts["entries"],
	by: "package" | "folder",
	least = 2048,
): SizeTree {
	const root: Building = { bytes: 0, children: new Map() };
	for (const entry of entries) {
		if (!entry.bytes) continue;
		const names = entry.path.split("/");
		// Nearly all of a merged root lies in usr; its folders are more telling side by side.
		const folders =
			names[0] === "usr" && names.length > 2
				? [`usr/${names[1] ?? ""}`, ...names.slice(2)]
				: names;
		const path = by === "package" ? [groupOf(entry), ...names] : folders;
		let node = root;
		node.bytes += entry.bytes;
		for (const name of path) {
			const child = node.children.get(name) ?? {
				bytes: 0,
				children: new Map(),
			};
			node.children.set(name, child);
			child.bytes += entry.bytes;
			node = child;
		}
	}
	// A package stays a tile of its own, whatever it holds.
	return finish("/", root, least, by === "package" ? 2 : 1);
}

interface Building {
	bytes: number;
	children: Map<string, Building>;
}

function finish(
	name: string,
	node: Building,
	least: number,
	kept: number,
): SizeTree {
	const { bytes, children } = node;
	if (children.size === 0) return { name, bytes };
	// A folder that holds but one folder is no step of its own.
	const [only] = children;
	if (children.size === 1 && only && only[1].children.size > 0 && kept <= 1)
		return finish(
			kept === 1 ? name : `${name}/${only[0]}`,
			only[1],
			least,
			kept,
		);
	const large = [...children].filter(([, child]) => child.bytes >= least);
	const small = [...children].filter(([, child]) => child.bytes < least);
	const rest = sum(small.map(([, child]) => child.bytes));
	return {
		name,
		bytes,
		children: [
			...large.map(([word, child]) => finish(word, child, least, kept - 1)),
			...(rest > 0 ? [{ name: `(${small.length} small)`, bytes: rest }] : []),
		].sort((a, b) => b.bytes - a.bytes),
	};
}

function sizeRow({ name, before = 0, after = 0 }: Changed<number>): string[] {
	return [
		name,
		`${formatBytes(before)} -> ${formatBytes(after)}`,
		signedBytes(after - before),
	];
}

function wordRow(change: Changed<string>): string[] {
	return [sign(change), change.name];
}

function sign({ before, after }: Pick<Changed<unknown>, "before" | "after">) {
	if (before === undefined) return "+";
	return after === undefined ? "-" : "~";
}

function signedBytes(bytes: number): string {
	if (bytes === 0) return "";
	return `${bytes > 0 ? "+" : "-"}${formatBytes(Math.abs(bytes))}`;
}

function cut(rows: readonly string[][], most: number): string[][] {
	return rows.length <= most
		? [...rows]
		: [...rows.slice(0, most), [`… and ${rows.length - most} more`]];
}

function section(title: string, rows: readonly string[][]): string[] {
	return rows.length === 0 ? [] : ["", title, ...table(rows)];
}

/** Rows with their columns aligned; a row of one column does not count for the widths. */
function table(rows: readonly string[][]): string[] {
	const widths: number[] = [];
	for (const row of rows)
		if (row.length > 1)
			for (const [index, cell] of row.entries())
				widths[index] = Math.max(widths[index] ?? 0, cell.length);
	return rows.map((row) =>
		`  ${row
			.map((cell, index) =>
				index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0),
			)
			.join("  ")}`.trimEnd(),
	);
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, one) => total + one, 0);
}
