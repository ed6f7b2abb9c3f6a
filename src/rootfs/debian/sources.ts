import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ExpectedError } from "../../system/errors.ts";
import type { DebianSettings } from "./schema.ts";
import {
	type AptSource,
	formatSource,
	parseDeb822Sources,
	parseOneLineSources,
} from "./sources-parse.ts";

/** Package debian-archive-keyring, whose keys sign every suite of Debian. */
export const defaultKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Suites without updates and security fixes of their own: packages go there first. */
const rolling = new Set(["sid", "unstable", "experimental"]);

/**
 * The sources to install from, without `signed-by` unless the config says so: those of the config, else
 * this machine's Debian mirrors rewritten to the wanted suite.
 * @throws ExpectedError (exit code 2) when there are neither.
 */
export function wantedSources(
	settings: DebianSettings,
	aptFolder = "/etc/apt",
): AptSource[] {
	if (settings.mirrors.length > 0)
		return settings.mirrors.flatMap((mirror) => fromConfig(mirror, settings));
	if (settings.snapshot)
		return rewriteSources(snapshotArchives(settings.snapshot), settings);
	const sources = rewriteSources(
		debianSources(readAptSources(aptFolder)),
		settings,
	);
	if (sources.length === 0)
		throw new ExpectedError({
			code: "DEBIAN_NO_MIRROR",
			message:
				"rootfs.debian.mirrors is not set, and this machine's apt knows no Debian mirror",
			hint: "set rootfs.debian.mirrors to a list with the URI of a Debian mirror",
		});
	return sources;
}

/** Lines of sources.list(5) without the place of a keyring on this machine. */
export function unsignedSources(settings: DebianSettings): string[] {
	return wantedSources(settings).map(({ options, ...source }) =>
		formatSource({
			...source,
			options: Object.fromEntries(
				Object.entries(options).filter(([name]) => name !== "signed-by"),
			),
		}),
	);
}

/** All that this machine's own apt knows. */
export function hostSources(): AptSource[] {
	return readAptSources("/etc/apt");
}

/** The archives as they were at an instant (https://snapshot.debian.org, "Usage"). */
function snapshotArchives(instant: string): AptSource[] {
	const time = instant.includes("T") ? instant : `${instant}T000000Z`;
	return ["debian", "debian-security"].map((archive) => ({
		uri: `https://snapshot.debian.org/archive/${archive}/${time}`,
		suite: "",
		components: [],
		options: {},
	}));
}

/** Old indexes say that they are no longer valid (apt.conf(5), Acquire::Check-Valid-Until). */
export function snapshotOptions(
	settings: Pick<DebianSettings, "snapshot">,
): string[] {
	return settings.snapshot ? ['Acquire::Check-Valid-Until "false"'] : [];
}

/** Everything in sources.list and sources.list.d of an apt folder. */
export function readAptSources(aptFolder: string): AptSource[] {
	const sources: AptSource[] = [];
	const main = join(aptFolder, "sources.list");
	if (existsSync(main))
		sources.push(...parseOneLineSources(readFileSync(main, "utf8")));
	const parts = join(aptFolder, "sources.list.d");
	for (const name of existsSync(parts) ? readdirSync(parts).sort() : []) {
		const text = (): string => readFileSync(join(parts, name), "utf8");
		if (name.endsWith(".list")) sources.push(...parseOneLineSources(text()));
		if (name.endsWith(".sources")) sources.push(...parseDeb822Sources(text()));
	}
	return sources;
}

/**
 * Those that are Debian's own: an archive's path ends in `debian` or `debian-security`, has a component
 * main, and is signed by Debian's keys when it names any. Other vendors also end paths in `debian`.
 */
export function debianSources(sources: readonly AptSource[]): AptSource[] {
	return sources.filter(({ uri, components, options }) => {
		const signedBy = options["signed-by"];
		return (
			/\/debian(-security)?\/?$/.test(uri) &&
			components.includes("main") &&
			(signedBy === undefined || /debian-archive/.test(signedBy))
		);
	});
}

/** Points the archive and the security archive at the wanted suite, its updates and its fixes. */
export function rewriteSources(
	sources: readonly AptSource[],
	{ suite, components }: Pick<DebianSettings, "suite" | "components">,
): AptSource[] {
	const security = sources.find(({ uri }) => isSecurity(uri))?.uri;
	const archive = sources.find(({ uri }) => !isSecurity(uri))?.uri;
	const make = (uri: string, name: string): AptSource => ({
		uri,
		suite: name,
		components: [...components],
		options: {},
	});
	if (!archive) return [];
	if (rolling.has(suite)) return [make(archive, suite)];
	return [
		make(archive, suite),
		make(archive, `${suite}-updates`),
		...(security ? [make(security, `${suite}-security`)] : []),
	];
}

function isSecurity(uri: string): boolean {
	return /-security(\/\d{8}T\d{6}Z)?\/?$/.test(uri);
}

function fromConfig(mirror: string, settings: DebianSettings): AptSource[] {
	if (mirror.startsWith("deb ")) {
		const parsed = parseOneLineSources(mirror);
		if (parsed.length === 0)
			throw new ExpectedError({
				code: "DEBIAN_MIRROR_INVALID",
				message: `'${mirror}' is not a line of sources.list(5)`,
				hint: "write `deb [options] URI suite components`, or only the URI",
			});
		return parsed.map((source) =>
			source.components.length > 0 || source.suite.endsWith("/")
				? source
				: { ...source, components: [...settings.components] },
		);
	}
	return [
		{
			uri: mirror,
			suite: isSecurity(mirror) ? `${settings.suite}-security` : settings.suite,
			components: [...settings.components],
			options: {},
		},
	];
}
