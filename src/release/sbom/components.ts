import type { PackageOrigin } from "../../rootfs/backend.ts";
import { sha256 } from "../../system/files.ts";

/** What a release consists of, by what its package databases say. */
export interface SoftwareList {
	/** Of the release. */
	name: string;
	version: string;
	/** Seconds since 1970, written as the time of the documents. */
	epoch: number;
	dock0Version: string;
	/** Sorted by purl, each once. */
	components: readonly Component[];
}

export interface Component {
	/** https://github.com/package-url/purl-spec */
	purl: string;
	name: string;
	version: string;
	/** Where it ended up: `root`, or the step that unpacked it. */
	parts: readonly string[];
	sha256?: string | undefined;
	homepage?: string | undefined;
	supplier?: { name: string; email?: string | undefined } | undefined;
	licences: readonly string[];
	description?: string | undefined;
	/** Source package, when it is another than the package. */
	source?: { name: string; version: string } | undefined;
}

/** A package as a component. `distribution` is e.g. `{ type: "deb", namespace: "debian", name: "trixie" }`. */
export function packageComponent(
	origin: PackageOrigin,
	distribution: Distribution,
	part: string,
): Component {
	const { name, version } = origin;
	const source =
		origin.source || origin.sourceVersion
			? {
					name: origin.source ?? name,
					version: origin.sourceVersion ?? version,
				}
			: undefined;
	return {
		purl: purlOf(distribution, name, version, {
			arch: origin.arch,
			distro: distribution.name,
			upstream: source && `${source.name}@${source.version}`,
		}),
		name,
		version,
		parts: [part],
		sha256: origin.sha256,
		homepage: origin.homepage,
		supplier: parseSupplier(origin.maintainer),
		licences: origin.licences ?? [],
		description: origin.description,
		source,
	};
}

export interface Distribution {
	/** purl type: deb or alpm. */
	type: "deb" | "alpm";
	namespace: string;
	/** Suite; undefined for rolling ones. */
	name?: string | undefined;
}

/** Qualifiers are sorted by name; those without a value are left out. */
export function purlOf(
	{ type, namespace }: { type: string; namespace?: string },
	name: string,
	version: string,
	qualifiers: Readonly<Record<string, string | undefined>>,
): string {
	const text = Object.keys(qualifiers)
		.sort()
		.flatMap((key) => {
			const value = qualifiers[key];
			return value ? [`${key}=${escapePart(value)}`] : [];
		})
		.join("&");
	return `pkg:${type}/${namespace ? `${namespace}/` : ""}${escapePart(name)}@${escapePart(version)}${text ? `?${text}` : ""}`;
}

/** The colon stays as it is (purl-spec, "How to escape"). */
function escapePart(text: string): string {
	return encodeURIComponent(text).replaceAll("%3A", ":");
}

/** `Name <address>`, as both databases write it. */
export function parseSupplier(
	maintainer: string | undefined,
): Component["supplier"] {
	const match = /^(.*?)\s*(?:<([^<>\s]+@[^<>\s]+)>)?$/.exec(
		maintainer?.trim() ?? "",
	);
	if (!match?.[1] && !match?.[2]) return undefined;
	return {
		name: (match[1] || match[2] || "").replace(/^"(.*)"$/, "$1"),
		email: match[2],
	};
}

/** Joins what several parts have in common; sorted by purl. */
export function uniqueComponents(
	components: readonly Component[],
): Component[] {
	const byPurl = new Map<string, Component>();
	for (const one of components) {
		const known = byPurl.get(one.purl);
		byPurl.set(one.purl, {
			...one,
			parts: [...new Set([...(known?.parts ?? []), ...one.parts])].sort(),
		});
	}
	return [...byPurl.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
}

/** A UUID that is the same for the same list (version 8 of RFC 9562: its bits are ours to choose). */
export function documentUuid(list: SoftwareList): string {
	const hex = sha256(JSON.stringify(list)).slice(0, 32).split("");
	hex[12] = "8";
	hex[16] = "8";
	const text = hex.join("");
	return [
		...[text.slice(0, 8), text.slice(8, 12), text.slice(12, 16)],
		...[text.slice(16, 20), text.slice(20)],
	].join("-");
}

/** RFC 3339, in whole seconds as SPDX wants it. */
export function timeStamp({ epoch }: SoftwareList): string {
	return new Date(epoch * 1000).toISOString().replace(".000Z", "Z");
}
