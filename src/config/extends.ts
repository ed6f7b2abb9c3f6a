import { readdirSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { Origin } from "./layer.ts";
import type { Problems } from "./problems.ts";
import { suggestion } from "./suggest.ts";
import type { RawMap } from "./tree.ts";

/** A layer that `extends:` asks for. */
export interface Extended {
	/** Absolute path. */
	readonly file: string;
	/** `dock0/NAME` for a shipped profile. */
	readonly profile?: string;
	readonly origin: Origin;
}

/** Reads and takes out the `extends:` of a layer; mistakes in it are added to the problems. */
export function takeExtends(
	root: RawMap,
	profilesDir: string,
	problems: Problems,
): { root: RawMap; extended: Extended[] } {
	const extended: Extended[] = [];
	for (const entry of root.entries) {
		if (entry.name !== "extends") continue;
		if (entry.operation !== "set") {
			problems.add(
				"CONFIG_BAD_EXTENDS",
				"'extends' is each layer's own and cannot be appended to",
				entry.keyOrigin,
				"write extends:",
			);
			continue;
		}
		const { value } = entry;
		const items = value.kind === "list" ? value.items : [value];
		for (const item of items) {
			const found =
				item.kind === "scalar" && typeof item.value === "string" && item.value
					? locateExtended(item.value, item.origin, profilesDir, problems)
					: problems.add(
							"CONFIG_BAD_EXTENDS",
							"'extends' must be a text or a list of texts",
							item.origin,
							"name files, or shipped profiles such as dock0/debian",
						);
			if (found) extended.push(found);
		}
	}
	const entries = root.entries.filter(({ name }) => name !== "extends");
	return { root: { ...root, entries }, extended };
}

function locateExtended(
	name: string,
	origin: Origin,
	profilesDir: string,
	problems: Problems,
): Extended | undefined {
	if (name.includes("${")) {
		problems.add(
			"CONFIG_BAD_EXTENDS",
			"'extends' cannot hold references, since it is read before they are known",
			origin,
			"a TypeScript layer can compute what it extends",
		);
		return undefined;
	}
	const profile = /^dock0\/([^/]+)$/.exec(name)?.[1];
	if (profile === undefined)
		return { file: resolve(dirname(origin.layer.file), name), origin };
	const shipped = shippedProfiles(profilesDir);
	if (shipped.includes(profile))
		return {
			file: resolve(profilesDir, `${profile}.yaml`),
			profile: name,
			origin,
		};
	problems.add(
		"CONFIG_UNKNOWN_PROFILE",
		`there is no shipped profile '${name}'`,
		origin,
		suggestion(
			name,
			shipped.map((known) => `dock0/${known}`),
			"shipped profiles",
		),
	);
	return undefined;
}

/** Names of the shipped profiles, without `dock0/`, sorted. */
function shippedProfiles(profilesDir: string): string[] {
	try {
		return readdirSync(profilesDir)
			.filter((file) => file.endsWith(".yaml"))
			.map((file) => basename(file, ".yaml"))
			.sort();
	} catch {
		return [];
	}
}
