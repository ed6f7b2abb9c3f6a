import { mkdir, mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../system/environment.ts";
import { stepFailure } from "../system/errors.ts";
import { writeFileAtomically } from "../system/files.ts";
import { removeTree } from "../system/namespace.ts";
import { run, runInteractively } from "../system/process.ts";
import { makeConfig } from "./compile/configure.ts";
import { collectRequests } from "./compile/fragments.ts";
import type { MakeSettings } from "./compile/make.ts";
import { type ConfigDifference, diffConfigs } from "./diff.ts";
import {
	type ConfigValues,
	formatOption,
	lastRequests,
	parseConfig,
	type Request,
	valueIn,
} from "./kconfig/config-file.ts";
import { parseKconfig } from "./kconfig/parse.ts";
import type { KconfigTree } from "./kconfig/tree.ts";
import type { KernelSettings } from "./schema.ts";

export interface MenuconfigOptions {
	settings: KernelSettings;
	/** The unpacked kernel tree: output `linux` of the tree step. */
	tree: string;
	/** The fragment to write; list it in `kernel.config` to keep the changes. */
	target: string;
	/** Lets a person change `.config` in a folder; default `make menuconfig` on the terminal. */
	edit?: (make: MakeSettings) => Promise<void>;
}

/**
 * Starts from the config that the settings give, lets a person change it, and writes the change as the
 * smallest fragment that leads to the same config.
 * @returns the options in the fragment; when there are none, no file is written.
 */
export async function menuconfig(
	options: MenuconfigOptions,
): Promise<ConfigDifference[]> {
	const { settings, tree, target, edit = editOnTerminal } = options;
	const { tempDir } = environment();
	await mkdir(tempDir, { recursive: true });
	const temp = await mkdtemp(join(tempDir, `${process.pid}-menuconfig-`));
	try {
		const make: MakeSettings = { tree, output: temp, epoch: 0 };
		const requests = await collectRequests(settings);
		const configure = (more: readonly Request[]): Promise<ConfigValues> =>
			makeConfig(
				{ run, log: () => undefined },
				make,
				settings.base,
				lastRequests([...requests, ...more]),
			);
		const before = await configure([]);
		await edit(make);
		const after = parseConfig(await readFile(join(temp, ".config"), "utf8"));
		const changes = await smallest(
			diffConfigs(before, after),
			after,
			parseKconfig(tree),
			async (tried) => diffConfigs(await configure(tried), after).length === 0,
		);
		if (changes.length > 0)
			await writeFileAtomically(target, formatFragment(changes));
		return changes;
	} finally {
		await removeTree(temp);
	}
}

async function editOnTerminal(make: MakeSettings): Promise<void> {
	const code = await runInteractively("make", [
		`--directory=${make.tree}`,
		`O=${make.output}`,
		"ARCH=x86_64",
		"menuconfig",
	]);
	if (code !== 0)
		throw stepFailure({
			code: "KERNEL_MENUCONFIG_FAILED",
			message: `make menuconfig ended with exit code ${code}`,
			hint: "it needs libncurses-dev (Debian) and a terminal of at least 80 by 19 characters",
		});
}

/** Tries the options that a person can have set, first without those that others select. */
async function smallest(
	differences: readonly ConfigDifference[],
	after: ConfigValues,
	tree: KconfigTree,
	reproduces: (requests: readonly Request[]) => Promise<boolean>,
): Promise<ConfigDifference[]> {
	const settable = differences.filter(({ name }) =>
		tree.get(name)?.definitions.some(({ prompt }) => prompt),
	);
	const chosen = settable.filter(
		({ name }) =>
			!tree.get(name)?.selectedBy.some(({ by }) => valueIn(after, by) === "y"),
	);
	for (const candidate of [chosen, settable])
		if (await reproduces(candidate.map(toRequest))) return candidate;
	return [...differences];
}

const toRequest = ({ name, after }: ConfigDifference): Request => ({
	name,
	value: after,
	optional: false,
	where: { file: "menuconfig", line: 1, column: 1 },
});

function formatFragment(changes: readonly ConfigDifference[]): string {
	return `# saved by dock0 kernel menuconfig\n${changes
		.map(({ name, after }) => `${formatOption(name, after)}\n`)
		.join("")}`;
}
