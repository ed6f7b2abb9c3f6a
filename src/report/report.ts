import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { SourcePackage } from "../release/package-owners.ts";
import { ExpectedError } from "../system/errors.ts";
import { writeFileAtomically } from "../system/files.ts";
import { readBootTimes } from "./boot-times.ts";
import { difference } from "./difference.ts";
import { type ReleaseFacts, releaseFacts } from "./facts.ts";
import { reportPage } from "./page.ts";
import {
	type Finding,
	findVulnerabilities,
	readDatabase,
} from "./vulnerabilities/database.ts";

/**
 * Writes the report of a release.
 * @returns the page's path, and in brief what it says.
 * @throws ExpectedError (exit code 2) when an input cannot be used.
 */
export async function writeReport(options: {
	release: string;
	output: string;
	against?: string;
	vulnerabilities?: string;
	boot?: string;
}): Promise<string> {
	const { release, output, against, vulnerabilities, boot } = options;
	const facts = await releaseFacts(release);
	const findings = vulnerabilities
		? await vulnerabilitiesOf(facts, vulnerabilities)
		: undefined;
	const page = await reportPage({
		facts,
		...(against
			? { changes: difference(await releaseFacts(resolve(against)), facts) }
			: {}),
		...(findings && vulnerabilities
			? {
					vulnerabilities: {
						database: vulnerabilities.split("/").at(-1) ?? vulnerabilities,
						findings,
					},
				}
			: {}),
		...(boot ? { boot: await readBootTimes(boot) } : {}),
	});
	const file = resolve(output);
	await mkdir(dirname(file), { recursive: true });
	await writeFileAtomically(file, page);
	return findings ? `${file}\n${findings.length} known vulnerabilities` : file;
}

async function vulnerabilitiesOf(
	facts: ReleaseFacts,
	database: string,
): Promise<Finding[]> {
	const setting = (key: string) =>
		facts.settings?.find((one) => one.key === key)?.value;
	const suite = setting("rootfs.debian.suite");
	if (setting("rootfs.backend") !== "debian" || typeof suite !== "string")
		throw new ExpectedError({
			code: "VULNERABILITIES_OTHER_SYSTEM",
			message: `${facts.name} is not made of Debian packages, which these databases are about`,
			hint: "leave out --vulnerabilities",
		});
	return findVulnerabilities(
		[...facts.sources, ...kernelSource(facts)],
		await readDatabase(database, suite),
	);
}

/**
 * The kernel lies beside the root, and no package database knows of it. From Debian 13 on, Debian's
 * kernels carry their upstream version in their name; others are left out.
 */
function kernelSource({ kernel }: ReleaseFacts): SourcePackage[] {
	const upstream = /^(\d+\.\d+\.\d+)\+deb\d+/.exec(kernel.version)?.[1];
	return upstream === undefined
		? []
		: [
				{
					source: "linux",
					// Which revision of the package is not known; the first one is the cautious guess.
					version: `${upstream}-1`,
					packages: [`kernel ${kernel.version}`],
				},
			];
}
