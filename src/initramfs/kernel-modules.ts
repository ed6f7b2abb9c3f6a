import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { stepFailure } from "../system/errors.ts";
import { readModule } from "./compress.ts";
import type { CpioEntry } from "./cpio.ts";
import { readModuleIndex } from "./module-index.ts";
import { type ModulePlan, planModules } from "./modules.ts";
import type { RunCommand } from "./run-command.ts";

/** Where the init finds modules and their list. */
const moduleFolder = "lib/dock0/modules";
const listFile = "lib/dock0/modules.list";

/**
 * The archive's entries for the kernel modules: the files, unpacked, and the list by which the init
 * loads them (its form is described in init/modules.sh).
 * @param options.modulesRoot holds lib/modules/VERSION or usr/lib/modules/VERSION.
 * @param options.onNeed module names, `?name` may be absent: drivers in the order to try them, file systems.
 * @param options.always the same, but loaded in any case unless they are file systems.
 * @param options.temp a folder for scratch files.
 * @throws ExpectedError when the kernel's modules or one of the wanted are not there.
 */
export async function moduleEntries(options: {
	modulesRoot: string;
	kernelVersion: string;
	onNeed: readonly string[];
	always: readonly string[];
	temp: string;
	run: RunCommand;
}): Promise<CpioEntry[]> {
	const { modulesRoot, kernelVersion, onNeed, always, temp, run } = options;
	const folder = await findModuleFolder(modulesRoot, kernelVersion);
	const index = await readModuleIndex(folder);
	const plan = planModules(index, [...onNeed, ...always]);
	const atStart = new Set(
		planModules(
			index,
			always.map((name) => `?${name.replace("?", "")}`),
		).groups.map(({ name }) => name),
	);
	const entries: CpioEntry[] = [
		{ kind: "directory", path: moduleFolder, mode: 0o755 },
		{
			kind: "file",
			path: listFile,
			mode: 0o644,
			data: Buffer.from(loadList(plan, atStart)),
		},
	];
	for (const [name, file] of plan.files)
		entries.push({
			kind: "file",
			path: `${moduleFolder}/${name}.ko`,
			mode: 0o644,
			data: await readModule(join(folder, file), join(temp, `${name}.ko`), run),
		});
	return entries;
}

/**
 * The text of modules.list, `NAME start|driver|demand FILE...` a line.
 * @param atStart names to load in any case, unless they are file systems.
 */
export function loadList(
	plan: ModulePlan,
	atStart: ReadonlySet<string>,
): string {
	return plan.groups
		.map(({ name, order }) => {
			const when = isOnDemand(name, plan.files.get(name) ?? "")
				? "demand"
				: atStart.has(name)
					? "start"
					: "driver";
			return `${name} ${when} ${order.map((one) => `${one}.ko`).join(" ")}\n`;
		})
		.join("");
}

/**
 * Device mapper targets and ciphers are loaded by what uses them. File systems can be slow to load (btrfs measures its checksums), so only those that get mounted are.
 */
function isOnDemand(name: string, file: string): boolean {
	return (
		name === "loop" ||
		/(^|\/)kernel\/(fs|crypto|arch\/[^/]+\/crypto|drivers\/md)\//.test(file)
	);
}

async function findModuleFolder(
	modulesRoot: string,
	version: string,
): Promise<string> {
	const others: string[] = [];
	for (const place of ["lib/modules", "usr/lib/modules"]) {
		const folder = join(modulesRoot, place, version);
		if (await isFolder(folder)) return folder;
		others.push(
			...(await readdir(join(modulesRoot, place)).catch((): string[] => [])),
		);
	}
	throw stepFailure({
		code: "INITRAMFS_NO_MODULES",
		message: `${modulesRoot} has no modules of kernel ${version}`,
		hint:
			others.length > 0
				? `it has those of: ${[...new Set(others)].sort().join(", ")}`
				: "it has neither lib/modules nor usr/lib/modules",
	});
}

async function isFolder(path: string): Promise<boolean> {
	return stat(path).then(
		(stats) => stats.isDirectory(),
		() => false,
	);
}
