import { formatBytes } from "./numbers.ts";

interface Difference {
	file: string;
	bytes: { release: number | undefined; rebuilt: number | undefined };
	offset?: number;
	inside?: readonly string[];
}

const shownPaths = 20;

/** What `dock0 verify` found, in words. Pure. */
export function describeVerification(result: {
	same: readonly string[];
	different: readonly Difference[];
}): string {
	const { same, different } = result;
	const lines = different.flatMap(describeDifference);
	if (same.length > 0)
		lines.push(`the same, byte for byte: ${same.join(", ")}`);
	lines.push(
		different.length === 0
			? "the release is what its config builds"
			: `NOT the same: ${different.map(({ file }) => file).join(", ")}`,
	);
	return lines.join("\n");
}

function describeDifference({
	file,
	bytes: { release, rebuilt },
	offset,
	inside,
}: Difference): string[] {
	if (release === undefined) return [`${file}: only in the rebuilt release`];
	if (rebuilt === undefined)
		return [`${file}: missing from the rebuilt release`];
	const sizes =
		release === rebuilt
			? formatBytes(release)
			: `${release} -> ${rebuilt} bytes`;
	const lines = [`${file}: differs from byte ${offset} on (${sizes})`];
	if (inside?.length === 0)
		lines.push("  the trees inside are the same; only their packing differs");
	for (const line of inside?.slice(0, shownPaths) ?? [])
		lines.push(`  ${line}`);
	if (inside && inside.length > shownPaths)
		lines.push(`  and ${inside.length - shownPaths} more paths`);
	return lines;
}
