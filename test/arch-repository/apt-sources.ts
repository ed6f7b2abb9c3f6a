import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { osRelease } from "../../src/system/environment.ts";
import { ExpectedError } from "../../src/system/errors.ts";
import { parseStanzas, type Stanza } from "./debian-control.ts";

/**
 * The host's own Debian mirrors, as deb822 sources (sources.list(5)) of another suite. Archives that do
 * not follow the host's code name (third parties) are left out.
 * @throws ExpectedError when the host names no Debian mirror.
 */
export async function debianSources(suite: string): Promise<string> {
	const hostSuite = osRelease().VERSION_CODENAME ?? "stable";
	const stanzas = [...(await deb822Sources()), ...(await oneLineSources())];
	const wanted = stanzas
		.map((stanza) => moveToSuite(stanza, hostSuite, suite))
		.filter((stanza) => stanza !== undefined);
	if (wanted.length === 0)
		throw new ExpectedError({
			code: "NO_DEBIAN_MIRROR",
			message: `no source of ${hostSuite} in /etc/apt/sources.list and /etc/apt/sources.list.d`,
			hint: "the Arch test repository is made from Debian packages and takes the mirror from the host's apt",
		});
	return [...new Set(wanted)].join("\n");
}

/** The stanza with its suites moved from `from` to `to`; undefined if it is no source of `from`. */
export function moveToSuite(
	stanza: Stanza,
	from: string,
	to: string,
): string | undefined {
	const suites = (stanza.suites ?? "").split(/\s+/).filter(Boolean);
	const follows = (name: string): boolean =>
		name === from || name.startsWith(`${from}-`) || name.startsWith(`${from}/`);
	const types = (stanza.types ?? "").split(/\s+/);
	if (!types.includes("deb") || stanza.enabled === "no") return undefined;
	if (suites.length === 0 || !suites.every(follows)) return undefined;
	const lines = [
		"Types: deb",
		`URIs: ${stanza.uris}`,
		`Suites: ${suites.map((name) => to + name.slice(from.length)).join(" ")}`,
		"Components: main",
	];
	if (stanza["signed-by"]) lines.push(`Signed-By: ${stanza["signed-by"]}`);
	return `${lines.join("\n")}\n`;
}

async function deb822Sources(): Promise<Stanza[]> {
	const texts = await readAll((name) => name.endsWith(".sources"));
	return texts.flatMap(parseStanzas);
}

async function oneLineSources(): Promise<Stanza[]> {
	const texts = await readAll((name) => name.endsWith(".list"));
	texts.push(await readFile("/etc/apt/sources.list", "utf8").catch(() => ""));
	return texts.flatMap((text) =>
		text.split("\n").flatMap((line) => {
			const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s/.exec(line);
			if (!match) return [];
			const [, options, uris = "", suites = ""] = match;
			const signedBy = /signed-by=(\S+)/.exec(options ?? "")?.[1];
			return {
				types: "deb",
				uris,
				suites,
				...(signedBy ? { "signed-by": signedBy } : {}),
			};
		}),
	);
}

async function readAll(select: (name: string) => boolean): Promise<string[]> {
	const folder = "/etc/apt/sources.list.d";
	const names = (await readdir(folder).catch(() => [])).filter(select).sort();
	return Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
}
