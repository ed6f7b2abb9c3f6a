import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Explanation } from "../config/explain.ts";
import { parseConfig } from "../kernel/kconfig/config-file.ts";
import {
	type ContentEntry,
	configFile,
	kernelConfigFile,
	readContents,
} from "../release/contents.ts";
import { readRelease } from "../release/folder.ts";
import type { Manifest } from "../release/manifest.ts";
import type { SourcePackage } from "../release/package-owners.ts";
import { signatureFile } from "../release/signature.ts";

/** A package as it is in the image, after trimming. */
export interface PackageFact {
	name: string;
	version: string;
	/** Of its files in the root, not compressed. */
	bytes: number;
	files: number;
}

/** A unit that the boot starts, and the target that wants it. */
export interface ServiceFact {
	unit: string;
	target: string;
	/** Its package wants it always, as most of systemd's own; it is not enabled by anybody. */
	isStatic: boolean;
}

/** How a setting got its value; `from` is `LAYER:LINE` or `default`. */
export interface SettingFact {
	key: string;
	value: unknown;
	from: string;
	/** Older values and who gave them, oldest first. */
	history: string[];
}

/** Everything that inspect, diff and report know of a release. */
export interface ReleaseFacts {
	folder: string;
	name: string;
	version: string;
	kernel: { version: string; cmdline: readonly string[] };
	signed: boolean;
	/** The release's files with their sizes in bytes. */
	parts: { name: string; bytes: number }[];
	packages: PackageFact[];
	services: ServiceFact[];
	/** `8080/tcp` and where that is said. */
	ports: { port: string; from: string }[];
	/** Kernel option without `CONFIG_` to value; undefined when the kernel came without its config. */
	kernelOptions: Record<string, string> | undefined;
	/** Undefined when the release does not tell. */
	settings: SettingFact[] | undefined;
	entries: ContentEntry[];
	/** Debian's source packages in the root. */
	sources: SourcePackage[];
}

/** What belongs to no package, by name of a package that cannot exist. */
export const kernelModules = "(kernel modules)";
export const ownFiles = "(not from a package)";

/**
 * Reads all that a release folder tells about itself.
 * @throws ExpectedError (exit code 2) when it is no release, or does not tell what it holds.
 */
export async function releaseFacts(folder: string): Promise<ReleaseFacts> {
	const manifest = await readRelease(folder);
	const { entries, sources = [] } = await readContents(folder);
	const config = await readFile(join(folder, kernelConfigFile), "utf8").catch(
		() => undefined,
	);
	const settings = await readSettings(folder);
	return {
		folder,
		name: manifest.name,
		version: manifest.version,
		kernel: manifest.kernel,
		signed: await stat(join(folder, signatureFile)).then(
			() => true,
			() => false,
		),
		parts: Object.entries(manifest.files).map(([name, { bytes }]) => ({
			name,
			bytes,
		})),
		packages: packageFacts(versionsOf(manifest), entries),
		services: servicesOf(entries),
		ports: portsOf(settings ?? []),
		kernelOptions: config
			? Object.fromEntries(
					[...parseConfig(config)].filter(([, value]) => value !== "n"),
				)
			: undefined,
		settings,
		entries,
		sources,
	};
}

/** The package that a file counts for. */
export function groupOf(entry: ContentEntry): string {
	if (entry.package) return entry.package;
	return /^(usr\/)?lib\/modules\//.test(entry.path) ? kernelModules : ownFiles;
}

/** Packages with their size in the image, largest first; what belongs to none is among them. */
export function packageFacts(
	versions: ReadonlyMap<string, string>,
	entries: readonly ContentEntry[],
): PackageFact[] {
	const facts = new Map<string, PackageFact>();
	const factOf = (name: string): PackageFact => {
		const known = facts.get(name) ?? {
			name,
			version: versions.get(name) ?? "",
			bytes: 0,
			files: 0,
		};
		facts.set(name, known);
		return known;
	};
	for (const name of versions.keys()) factOf(name);
	for (const entry of entries) {
		if (entry.kind === "d") continue;
		const fact = factOf(groupOf(entry));
		fact.bytes += entry.bytes ?? 0;
		fact.files += 1;
	}
	return [...facts.values()].sort(
		(a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1),
	);
}

/**
 * The units that links in `TARGET.wants` and `TARGET.requires` folders of systemd's unit path enable
 * (systemd.unit(5)). A link to /dev/null masks the unit, wherever else it is enabled.
 */
export function servicesOf(entries: readonly ContentEntry[]): ServiceFact[] {
	const masked = new Set(
		entries
			.filter(
				({ path, target }) =>
					target === "/dev/null" && path.startsWith("etc/systemd/system/"),
			)
			.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)),
	);
	const found = new Map<string, ServiceFact>();
	for (const { path, kind } of entries) {
		const match =
			/^(?:etc|(?:usr\/)?lib)\/systemd\/system\/([^/]+)\.(?:wants|requires)\/([^/]+)$/.exec(
				path,
			);
		if (!match || kind === "d") continue;
		const [, target = "", unit = ""] = match;
		const isStatic = !path.startsWith("etc/");
		const key = `${unit} ${target}`;
		if (!masked.has(unit) && (!isStatic || !found.has(key)))
			found.set(key, { unit, target, isStatic });
	}
	return [...found.values()].sort((a, b) =>
		`${a.unit} ${a.target}` < `${b.unit} ${b.target}` ? -1 : 1,
	);
}

/** The ports that settings whose name is `ports` open or forward. */
export function portsOf(
	settings: readonly SettingFact[],
): { port: string; from: string }[] {
	return settings
		.filter(({ key }) => /(^|\.)ports$/.test(key))
		.flatMap(({ key, value }) =>
			(Array.isArray(value) ? value : []).map((port: unknown) => ({
				port: describePort(port),
				from: key,
			})),
		);
}

function describePort(port: unknown): string {
	if (typeof port !== "object" || port === null) return String(port);
	const { host, guest, protocol } = port as Record<string, unknown>;
	return host !== undefined && guest !== undefined
		? `${String(host)}:${String(guest)}/${String(protocol ?? "tcp")}`
		: JSON.stringify(port);
}

function versionsOf(manifest: Manifest): Map<string, string> {
	const list = manifest.packages as { name: string; version: string }[];
	return new Map(list.map(({ name, version }) => [name, version]));
}

/** The text of `config.json`: settings with their history, `places` (path to name) made short. */
export function settingsText(
	explanations: readonly Explanation[],
	places: Readonly<Record<string, string>>,
): string {
	const settings = explanations.map(
		({ key, value, where, from, history }): SettingFact => ({
			key,
			value: value ?? null,
			from: where ? `${from}:${where.line}` : from,
			history: history.map(
				(one) =>
					`${one.action} ${one.layer}:${one.where.line} ${JSON.stringify(one.value)}`,
			),
		}),
	);
	// Longest first: one place may lie in another.
	const longest = Object.entries(places).sort(
		([a], [b]) => b.length - a.length,
	);
	return longest.reduce(
		(text, [path, name]) => text.replaceAll(path, name),
		`${JSON.stringify(settings, undefined, "\t")}\n`,
	);
}

async function readSettings(
	folder: string,
): Promise<SettingFact[] | undefined> {
	const text = await readFile(join(folder, configFile), "utf8").catch(
		() => undefined,
	);
	return text === undefined ? undefined : (JSON.parse(text) as SettingFact[]);
}
