import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findVulnerabilities, readDatabase } from "./database.ts";
import { compareVersions } from "./deb-version.ts";
import { readOsv } from "./osv.ts";
import { readTracker } from "./tracker.ts";

/** Versions in order, from deb-version(7) and from what Debian has had. */
const ordered = [
	"0~~",
	"0~~a",
	"0~",
	"0",
	"0-0.1",
	"0a",
	"0+",
	"1.0~rc1-1",
	"1.0-1~deb13u1",
	"1.0-1",
	"1.0-1+b1",
	"1.0-1+deb13u1",
	"1.0-1.1",
	"1.0-10",
	"1.0.0-1",
	"1.2",
	"1.10",
	"2:0.1",
];

describe("Debian versions", () => {
	it("are ordered as the manual says", () => {
		for (const [i, a] of ordered.entries())
			for (const [j, b] of ordered.entries())
				expect([a, b, Math.sign(compareVersions(a, b))]).toEqual([
					a,
					b,
					Math.sign(i - j),
				]);
	});

	it("are ordered as dpkg orders them", () => {
		const version = fc.stringMatching(
			/^(\d:)?\d[0-9a-z.+~]{0,5}(-[0-9a-z.+~]{1,3})?$/,
		);
		fc.assert(
			fc.property(version, version, (a, b) => {
				const order = compareVersions(a, b);
				const word = order < 0 ? "lt" : order > 0 ? "gt" : "eq";
				execFileSync("dpkg", ["--compare-versions", a, word, b]);
			}),
			{ numRuns: 60 },
		);
	});
});

const sources = [
	{ source: "openssl", version: "3.5.1-1", packages: ["libssl3t64"] },
	{ source: "bash", version: "5.2.37-2", packages: ["bash"] },
];

const tracker = {
	openssl: {
		"CVE-2026-0001": {
			description: "fixed later",
			releases: {
				trixie: {
					status: "resolved",
					fixed_version: "3.5.1-1+deb13u1",
					urgency: "medium**",
				},
			},
		},
		"CVE-2026-0002": {
			releases: {
				trixie: {
					status: "resolved",
					fixed_version: "3.5.0-1",
					urgency: "high",
				},
			},
		},
		"CVE-2026-0003": {
			releases: {
				trixie: { status: "open", urgency: "high" },
				bookworm: { status: "resolved", fixed_version: "0", urgency: "high" },
			},
		},
		"CVE-2026-0004": { releases: { trixie: { status: "undetermined" } } },
	},
	nginx: {
		"CVE-2026-0005": { releases: { trixie: { status: "open" } } },
	},
};

const osv = {
	id: "DEBIAN-CVE-2026-0006",
	details: "first line\nsecond",
	affected: [
		{
			package: { ecosystem: "Debian:13", name: "bash" },
			ranges: [
				{
					type: "ECOSYSTEM",
					events: [
						{ introduced: "0" },
						{ fixed: "4.0" },
						{ introduced: "5.2" },
						{ fixed: "5.3" },
					],
				},
			],
			ecosystem_specific: { urgency: "low" },
		},
		{
			package: { ecosystem: "Debian:12", name: "bash" },
			ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }] }],
		},
	],
};

it("finds by the security tracker what is open, or fixed in a later version", () => {
	const found = findVulnerabilities(
		sources,
		readTracker(tracker, "trixie") ?? [],
	);
	expect(found.map(({ id, severity, fixed }) => [id, severity, fixed])).toEqual(
		[
			["CVE-2026-0003", "high", undefined],
			["CVE-2026-0001", "medium", "3.5.1-1+deb13u1"],
		],
	);
	expect(
		findVulnerabilities(sources, readTracker(tracker, "bookworm") ?? []),
	).toEqual([]);
});

it("finds by OSV entries of the suite's own ecosystem", () => {
	expect(findVulnerabilities(sources, readOsv(osv, "trixie") ?? [])).toEqual([
		{
			id: "DEBIAN-CVE-2026-0006",
			source: "bash",
			version: "5.2.37-2",
			packages: ["bash"],
			summary: "first line",
			severity: "low",
			fixed: "5.3",
		},
	]);
	expect(readOsv(tracker, "trixie")).toBeUndefined();
	expect(readTracker(osv, "trixie")).toBeUndefined();
});

describe("a database file", () => {
	let folder: string;
	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), "dock0-vulnerabilities-"));
	});
	afterAll(() => rm(folder, { recursive: true, force: true }));

	it.each([
		["one.json", JSON.stringify(osv)],
		["list.json", JSON.stringify([osv])],
		["answer.json", JSON.stringify({ vulns: [osv] })],
		["lines.jsonl", `${JSON.stringify(osv)}\n${JSON.stringify(osv)}\n`],
		["tracker.json", JSON.stringify(tracker)],
	])("may be %s", async (name, text) => {
		await writeFile(join(folder, name), text);
		expect(
			(await readDatabase(join(folder, name), "trixie")).length,
		).toBeGreaterThan(0);
	});

	it("that says nothing of the suite, or cannot be read, is told as such", async () => {
		await writeFile(join(folder, "empty.json"), "{}");
		await expect(
			readDatabase(join(folder, "empty.json"), "trixie"),
		).rejects.toMatchObject({ code: "VULNERABILITIES_NONE" });
		await writeFile(join(folder, "broken.json"), "{");
		await expect(
			readDatabase(join(folder, "broken.json"), "trixie"),
		).rejects.toMatchObject({ code: "VULNERABILITIES_UNREADABLE" });
	});
});
