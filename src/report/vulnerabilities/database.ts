import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { SourcePackage } from "../../release/package-owners.ts";
import { ExpectedError } from "../../system/errors.ts";
import { compareVersions } from "./deb-version.ts";
import { readOsv } from "./osv.ts";
import { readTracker } from "./tracker.ts";

/** One weakness of one source package in one suite of Debian. */
export interface Advisory {
	id: string;
	source: string;
	summary: string;
	/** In the database's own words: `high`, `not yet assigned`. */
	severity: string;
	/** Ranges of vulnerable versions: from `introduced` (`0`: all) up to, not including, `fixed`. */
	ranges: { introduced: string; fixed?: string; lastAffected?: string }[];
}

/** A weakness that an image has. */
export interface Finding {
	id: string;
	source: string;
	version: string;
	packages: string[];
	summary: string;
	severity: string;
	/** The first version without it; absent while there is none. */
	fixed?: string;
}

/**
 * Reads a vulnerability database: the Debian security tracker's `data/json`, an OSV file (one entry, a
 * list, `{vulns: […]}` or one entry a line), or a folder of OSV files.
 * @param suite the Debian suite, e.g. `trixie`
 * @throws ExpectedError (exit code 2) when it is neither, or says nothing of that suite.
 */
export async function readDatabase(
	path: string,
	suite: string,
): Promise<Advisory[]> {
	const advisories = (await readDocuments(path)).flatMap((document) => {
		return readOsv(document, suite) ?? readTracker(document, suite) ?? [];
	});
	if (advisories.length === 0)
		throw new ExpectedError({
			code: "VULNERABILITIES_NONE",
			message: `${path} says nothing about Debian ${suite}`,
			hint: "give the Debian security tracker's JSON, or OSV entries of the ecosystem Debian",
		});
	return advisories;
}

async function readDocuments(path: string): Promise<unknown[]> {
	try {
		if ((await stat(path)).isDirectory()) {
			const names = (await readdir(path)).filter((name) =>
				name.endsWith(".json"),
			);
			return await Promise.all(
				names.map(
					async (name): Promise<unknown> =>
						JSON.parse(await readFile(join(path, name), "utf8")),
				),
			);
		}
		const text = await readFile(path, "utf8");
		try {
			return [JSON.parse(text)];
		} catch (error) {
			const lines = text.split("\n").filter((line) => line.trim());
			if (lines.length < 2) throw error;
			return lines.map((line): unknown => JSON.parse(line));
		}
	} catch (error) {
		throw new ExpectedError(
			{
				code: "VULNERABILITIES_UNREADABLE",
				message: `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
				hint: "give a JSON file, one JSON entry a line, or a folder of JSON files",
			},
			{ cause: error },
		);
	}
}

const ranks = ["critical", "high", "medium", "low", "unimportant"];

/** The weaknesses that the sources have, worst first. Pure. */
export function findVulnerabilities(
	sources: readonly SourcePackage[],
	advisories: readonly Advisory[],
): Finding[] {
	const installed = new Map(sources.map((one) => [one.source, one]));
	const findings = advisories.flatMap(
		({ id, source, summary, severity, ranges }): Finding[] => {
			const mine = installed.get(source);
			const range = mine && ranges.find((one) => isWithin(mine.version, one));
			if (!mine || !range) return [];
			const { version, packages } = mine;
			const fixed = range.fixed === undefined ? {} : { fixed: range.fixed };
			return [{ id, source, version, packages, summary, severity, ...fixed }];
		},
	);
	const rank = ({ severity }: Finding): number => {
		const index = ranks.findIndex((word) => severity.startsWith(word));
		// What nobody has judged yet comes before what was judged harmless.
		return index < 0 ? 2.5 : index;
	};
	return findings.sort(
		(a, b) => rank(a) - rank(b) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0),
	);
}

function isWithin(
	version: string,
	{ introduced, fixed, lastAffected }: Advisory["ranges"][number],
): boolean {
	if (introduced !== "0" && compareVersions(version, introduced) < 0)
		return false;
	if (fixed !== undefined) return compareVersions(version, fixed) < 0;
	return (
		lastAffected === undefined || compareVersions(version, lastAffected) <= 0
	);
}
