import * as z from "zod";
import type { Advisory } from "./database.ts";

/** https://security-tracker.debian.org/tracker/data/json: source, then id, then releases by suite. */
const trackerSchema = z.record(
	z.string(),
	z.record(
		z.string(),
		z.looseObject({
			description: z.string().optional(),
			releases: z.record(
				z.string(),
				z.looseObject({
					status: z.string(),
					fixed_version: z.string().optional(),
					urgency: z.string().optional(),
				}),
			),
		}),
	),
);

/** Advisories of the Debian security tracker for one suite; undefined when the document is of another kind. */
export function readTracker(
	document: unknown,
	suite: string,
): Advisory[] | undefined {
	const parsed = trackerSchema.safeParse(document);
	if (!parsed.success) return undefined;
	return Object.entries(parsed.data).flatMap(([source, issues]) =>
		Object.entries(issues).flatMap(([id, { description, releases }]) => {
			const release = releases[suite];
			if (!release || release.status === "undetermined") return [];
			const fixed =
				release.status === "resolved" ? release.fixed_version : undefined;
			return [
				{
					id,
					source,
					summary: description ?? "",
					// Stars mean that the urgency was judged automatically.
					severity: (release.urgency ?? "").replaceAll("*", ""),
					ranges:
						// Version 0 means that the suite was never affected.
						fixed === "0"
							? []
							: [
									{
										introduced: "0",
										...(fixed === undefined ? {} : { fixed }),
									},
								],
				},
			];
		}),
	);
}
