import * as z from "zod";
import type { Advisory } from "./database.ts";

/** https://ossf.github.io/osv-schema/, as much of it as matters here. */
const entrySchema = z.looseObject({
	id: z.string(),
	summary: z.string().optional(),
	details: z.string().optional(),
	withdrawn: z.string().optional(),
	affected: z
		.array(
			z.looseObject({
				package: z
					.looseObject({ ecosystem: z.string(), name: z.string() })
					.optional(),
				ranges: z
					.array(
						z.looseObject({
							type: z.string(),
							events: z.array(z.record(z.string(), z.string())),
						}),
					)
					.default([]),
				ecosystem_specific: z
					.looseObject({ urgency: z.string().optional() })
					.nullish(),
			}),
		)
		.default([]),
});

const documentSchema = z.union([
	entrySchema.transform((entry) => [entry]),
	z.array(entrySchema),
	z
		.looseObject({ vulns: z.array(entrySchema) })
		.transform(({ vulns }) => vulns),
]);

/** OSV counts Debian's releases by number; suites without one yet are not in it. */
const numbers: Readonly<Record<string, string>> = {
	bullseye: "11",
	bookworm: "12",
	trixie: "13",
	forky: "14",
};

/** Advisories of OSV entries for one suite; undefined when the document is of another kind. */
export function readOsv(
	document: unknown,
	suite: string,
): Advisory[] | undefined {
	const parsed = documentSchema.safeParse(document);
	if (!parsed.success) return undefined;
	const ecosystem = `Debian:${numbers[suite] ?? suite}`;
	return parsed.data
		.filter(({ withdrawn }) => withdrawn === undefined)
		.flatMap(({ id, summary, details, affected }) =>
			affected
				.filter((one) => one.package?.ecosystem === ecosystem)
				.map((one) => ({
					id,
					source: one.package?.name ?? "",
					summary: summary ?? details?.split("\n")[0] ?? "",
					severity: one.ecosystem_specific?.urgency ?? "",
					ranges: one.ranges
						.filter(({ type }) => type === "ECOSYSTEM")
						.flatMap(({ events }) => rangesOf(events)),
				})),
		);
}

/** Each `introduced` begins a range, which the next `fixed` or `last_affected` ends. */
function rangesOf(
	events: readonly Record<string, string>[],
): Advisory["ranges"] {
	const ranges: Advisory["ranges"] = [];
	for (const { introduced, fixed, last_affected: lastAffected } of events) {
		if (introduced !== undefined) ranges.push({ introduced });
		const last = ranges.at(-1);
		if (last && fixed !== undefined) last.fixed = fixed;
		if (last && lastAffected !== undefined) last.lastAffected = lastAffected;
	}
	return ranges;
}
