import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { environment } from "../../system/environment.ts";
import { ExpectedError } from "../../system/errors.ts";
import { sha256, writeFileAtomically } from "../../system/files.ts";

/** The parts that we use of https://www.kernel.org/releases.json. */
const releasesSchema = z.object({
	latest_stable: z.object({ version: z.string() }),
	releases: z.array(
		z.object({
			moniker: z.string(),
			version: z.string(),
			iseol: z.boolean().optional(),
			source: z.url().nullish(),
			pgp: z.url().nullish(),
		}),
	),
});
export type Releases = z.infer<typeof releasesSchema>;

export interface Release {
	version: string;
	url: string;
	signatureUrl: string;
}

/** Where kernel.org keeps what is no longer in the list. */
const archive = "https://cdn.kernel.org/pub/linux/kernel";
const freshForMilliseconds = 24 * 3600 * 1000;

/**
 * Finds the archive of a version, `latest`, `longterm` or `mainline`. The list is asked for once a
 * day, and the last answer serves when it cannot be had.
 * @throws ExpectedError KERNEL_RELEASE_UNKNOWN, KERNEL_RELEASES_UNREACHABLE.
 */
export async function resolveRelease(
	version: string,
	releasesUrl: string,
): Promise<Release> {
	return chooseRelease(version, await readReleases(releasesUrl));
}

/** Picks from a list that was read; pure. */
export function chooseRelease(version: string, list: Releases): Release {
	const wanted =
		version === "latest"
			? list.releases.find((one) => one.version === list.latest_stable.version)
			: /^\d/.test(version)
				? list.releases.find((one) => one.version === version)
				: list.releases.find((one) => one.moniker === version && !one.iseol);
	if (wanted?.source)
		return {
			version: wanted.version,
			url: wanted.source,
			signatureUrl: wanted.pgp ?? signatureOf(wanted.source),
		};
	if (/^\d/.test(version) && !version.includes("-rc")) {
		const url = `${archive}/v${version.split(".")[0]}.x/linux-${version}.tar.xz`;
		return { version, url, signatureUrl: signatureOf(url) };
	}
	throw new ExpectedError({
		code: "KERNEL_RELEASE_UNKNOWN",
		message: `the list of releases has no signed archive of '${version}'`,
		hint: `it has ${list.releases.map((one) => `${one.version} (${one.moniker})`).join(", ")}`,
	});
}

const signatureOf = (url: string): string =>
	url.replace(/\.tar\.xz$/, ".tar.sign");

async function readReleases(url: string): Promise<Releases> {
	const memo = join(
		environment().cacheDir,
		"kernel",
		`releases-${sha256(url).slice(0, 16)}.json`,
	);
	const age = await stat(memo).then(
		({ mtimeMs }) => Date.now() - mtimeMs,
		() => Number.POSITIVE_INFINITY,
	);
	if (age < freshForMilliseconds) return parse(await readFile(memo, "utf8"));
	try {
		const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
		if (!response.ok) throw new Error(`HTTP status ${response.status}`);
		const text = await response.text();
		const releases = parse(text);
		await writeFileAtomically(memo, text);
		return releases;
	} catch (error) {
		if (Number.isFinite(age)) return parse(await readFile(memo, "utf8"));
		throw new ExpectedError(
			{
				code: "KERNEL_RELEASES_UNREACHABLE",
				message: `cannot read the list of kernel releases at ${url}: ${error instanceof Error ? error.message : error}`,
				hint: "set kernel.releasesUrl to a mirror, or kernel.source to tarball, git or debian, which work without it",
			},
			{ exitCode: 1, cause: error },
		);
	}
}

const parse = (text: string): Releases =>
	releasesSchema.parse(JSON.parse(text));
