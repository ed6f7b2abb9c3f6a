import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { distance } from "fastest-levenshtein";
import { ExpectedError } from "../../system/errors.ts";
import { packageFile } from "../../system/package-files.ts";
import {
	lastRequests,
	parseFragment,
	type Request,
} from "../kconfig/config-file.ts";
import { type KernelSettings, shippedFragments } from "../schema.ts";

/** The file of a shipped fragment's name, or the path itself. */
export function fragmentFile(nameOrPath: string): string {
	return (shippedFragments as readonly string[]).includes(nameOrPath)
		? packageFile(`profiles/kernel/${nameOrPath}.config`)
		: nameOrPath;
}

/**
 * All that the config asks of Kconfig: fragments in order, then single options, then the revision;
 * one request for each option, the last.
 * @throws ExpectedError when a fragment is missing or malformed.
 */
export async function collectRequests(
	settings: Pick<
		KernelSettings,
		"config" | "options" | "optional" | "revision"
	>,
): Promise<Request[]> {
	const requests: Request[] = [];
	for (const fragment of settings.config) {
		const file = fragmentFile(fragment);
		requests.push(...parseFragment(await readFragment(file), file));
	}
	const text = Object.entries({
		...settings.options,
		LOCALVERSION: `"${settings.revision ? `-${settings.revision}` : ""}"`,
		// Without it the version would depend on whether the tree has a .git folder.
		LOCALVERSION_AUTO: "n",
	})
		.map(([name, value]) => `CONFIG_${plainName(name)}=${quoteIfText(value)}`)
		.join("\n");
	requests.push(...parseFragment(text, "kernel.options"));
	const optional = new Set(settings.optional.map(plainName));
	return lastRequests(requests).map((request) => ({
		...request,
		optional: request.optional || optional.has(request.name),
	}));
}

const plainName = (name: string): string => name.replace(/^CONFIG_/, "");

function quoteIfText(value: string | number): string {
	const text = String(value);
	return /^([ymn]|-?\d+|0x[0-9a-fA-F]+|".*")$/.test(text)
		? text
		: `"${text.replace(/["\\]/g, "\\$&")}"`;
}

async function readFragment(file: string): Promise<string> {
	try {
		return await readFile(file, "utf8");
	} catch (cause) {
		const name = basename(file);
		const near = shippedFragments.find((one) => distance(one, name) <= 2);
		throw new ExpectedError(
			{
				code: "KERNEL_FRAGMENT_MISSING",
				message: `there is no kernel config fragment ${file}`,
				hint: near
					? `did you mean the shipped fragment '${near}'?`
					: `shipped fragments: ${shippedFragments.join(", ")}; anything else is a path`,
			},
			{ cause },
		);
	}
}
