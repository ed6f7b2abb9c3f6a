import { type ConfigDifference, diffConfigs } from "../kernel/diff.ts";
import type { ContentEntry } from "../release/contents.ts";
import type { PackageFact, ReleaseFacts } from "./facts.ts";

/** Something that two releases have in different ways; absent on the side that lacks it. */
export interface Changed<Value> {
	name: string;
	before?: Value;
	after?: Value;
}

/** What differs between two releases. */
export interface Difference {
	before: string;
	after: string;
	parts: Changed<number>[];
	packages: Changed<Pick<PackageFact, "version" | "bytes">>[];
	files: Changed<string>[];
	services: Changed<string>[];
	settings: Changed<unknown>[];
	/** Undefined when one of the kernels came without its config. */
	kernelOptions: ConfigDifference[] | undefined;
	kernelVersion: [before: string, after: string];
	cmdline: Changed<string>[];
}

/** Compares two releases. Pure. */
export function difference(
	before: ReleaseFacts,
	after: ReleaseFacts,
): Difference {
	return {
		before: before.folder,
		after: after.folder,
		parts: changes(before.parts, after.parts, ({ name, bytes }) => [
			name,
			bytes,
		]),
		packages: changes(
			before.packages,
			after.packages,
			({ name, version, bytes }) => [name, { version, bytes }],
		),
		files: changes(before.entries, after.entries, (entry) => [
			entry.path,
			describeEntry(entry),
		]),
		services: changes(before.services, after.services, ({ unit, target }) => [
			unit,
			target,
		]),
		settings: changes(
			before.settings ?? [],
			after.settings ?? [],
			({ key, value }) => [key, value],
		),
		kernelOptions:
			before.kernelOptions && after.kernelOptions
				? diffConfigs(
						new Map(Object.entries(before.kernelOptions)),
						new Map(Object.entries(after.kernelOptions)),
					)
				: undefined,
		kernelVersion: [before.kernel.version, after.kernel.version],
		cmdline: changes(before.kernel.cmdline, after.kernel.cmdline, (word) => [
			word,
			word,
		]),
	};
}

/** Kind, mode, owner and content in one text, so that any change of them shows. */
function describeEntry(entry: ContentEntry): string {
	const content = entry.sha256?.slice(0, 12) ?? entry.target ?? "";
	return `${entry.kind} ${entry.mode} ${entry.owner} ${entry.bytes ?? ""} ${content}`
		.replaceAll(/ +/g, " ")
		.trim();
}

/** Compares two lists of named values; sorted by name. */
function changes<Item, Value>(
	before: readonly Item[],
	after: readonly Item[],
	read: (item: Item) => readonly [name: string, value: Value],
): Changed<Value>[] {
	const old = new Map(before.map(read));
	const fresh = new Map(after.map(read));
	return [...new Set([...old.keys(), ...fresh.keys()])]
		.sort()
		.filter(
			(name) =>
				JSON.stringify(old.get(name)) !== JSON.stringify(fresh.get(name)),
		)
		.map((name) => {
			const was = old.get(name);
			const is = fresh.get(name);
			return {
				name,
				...(was === undefined ? {} : { before: was }),
				...(is === undefined ? {} : { after: is }),
			};
		});
}
