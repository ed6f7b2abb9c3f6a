import { access, readFile, writeFile } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { ExtractContext } from "../../plan/package-source.ts";
import { ExpectedError } from "../../system/errors.ts";
import {
	type ConfigValues,
	formatOption,
	parseConfig,
	type Request,
} from "../kconfig/config-file.ts";
import {
	type Dropped,
	describeDropped,
	findDropped,
} from "../kconfig/honesty.ts";
import { parseKconfig } from "../kconfig/parse.ts";
import { type MakeSettings, makeCommand } from "./make.ts";

type MakeContext = Pick<ExtractContext, "run" | "log">;

/** The file that base `current` reads, or undefined when this machine shows its config nowhere. */
export async function currentConfigFile(): Promise<string | undefined> {
	for (const path of ["/proc/config.gz", `/boot/config-${release()}`])
		if (
			await access(path).then(
				() => true,
				() => false,
			)
		)
			return path;
	return undefined;
}

/**
 * Makes `.config` in `make.output` from a base and requests, and returns it. With base `tiny` all that is
 * not asked for is off (allnoconfig); with the others it keeps the base's value.
 * @param base `tiny`, `defconfig`, or a file (.config, also gzipped)
 */
export async function makeConfig(
	context: MakeContext,
	make: MakeSettings,
	base: string,
	requests: readonly Request[],
): Promise<ConfigValues> {
	const wanted = `${requests.map(({ name, value }) => formatOption(name, value)).join("\n")}\n`;
	const file = join(make.output, ".config");
	const runMake = (target: string, env: Record<string, string> = {}) => {
		const command = makeCommand(make, [target]);
		return context.run("make", ["--silent", ...command.args], {
			env: { ...command.env, ...env },
		});
	};
	if (base === "tiny") {
		const all = join(make.output, "requests.config");
		await writeFile(all, wanted);
		await runMake("allnoconfig", { KCONFIG_ALLCONFIG: all });
	} else {
		if (base === "defconfig") await runMake("defconfig");
		else await writeFile(file, await readConfig(base));
		await writeFile(file, `${await readFile(file, "utf8")}\n${wanted}`);
		await runMake("olddefconfig");
	}
	return parseConfig(await readFile(file, "utf8"));
}

async function readConfig(path: string): Promise<string> {
	const bytes = await readFile(path);
	// gzip's magic number, RFC 1952
	const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
	return (isGzip ? gunzipSync(bytes) : bytes).toString("utf8");
}

/**
 * Compares requests with the finished config, and gives those that were dropped although optional.
 * @throws ExpectedError KERNEL_OPTION_DROPPED (exit code 2), one problem for each other one, saying which
 * dependency is off.
 */
export function requireHonest(
	requests: readonly Request[],
	config: ConfigValues,
	tree: string,
): Dropped[] {
	let parsed: ReturnType<typeof parseKconfig> | undefined;
	const dropped = findDropped(requests, config, () => {
		parsed ??= parseKconfig(tree);
		return parsed;
	});
	const fatal = dropped.filter(({ request }) => !request.optional);
	if (fatal.length > 0)
		throw new ExpectedError(
			fatal.map((one) => ({
				code: "KERNEL_OPTION_DROPPED",
				message: describeDropped(one),
				where: one.request.where,
				hint: `if the kernel can do without it, list ${one.request.name} in kernel.optional`,
			})),
		);
	return dropped;
}
