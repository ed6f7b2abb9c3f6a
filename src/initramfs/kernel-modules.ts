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
 * @param options.wanted module names; `?name` may be absent.
 * @param options.temp a folder for scratch files.
 * @throws ExpectedError when the kernel's modules or one of the wanted are not there.
 */
export async function moduleEntries(options: {
	modulesRoot: string;
	kernelVersion: string;
	wanted: readonly string[];
	temp: string;
	run: RunCommand;
}): Promise<CpioEntry[]> {
	const { modulesRoot, kernelVersion, wanted, temp, run } = options;
	const folder = await findModuleFolder(modulesRoot, kernelVersion);
	const plan = planModules(await readModuleIndex(folder), wanted);
	const entries: CpioEntry[] = [
		{ kind: "directory", path: moduleFolder, mode: 0o755 },
		{
			kind: "file",
			path: listFile,
			mode: 0o644,
			data: Buffer.from(loadList(plan)),
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

/** The text of modules.list: `NAME start|demand FILE...` a line, drivers before what waits for a mount. */
export function loadList(plan: ModulePlan): string {
	return plan.groups
		.map(({ name, order }) => {
			const when = isOnDemand(name, plan.files.get(name) ?? "")
				? "demand"
				: "start";
			return `${name} ${when} ${order.map((one) => `${one}.ko`).join(" ")}\n`;
		})
		.join("");
}

/** File systems can be slow to load (btrfs measures its checksums), so only those that get mounted are. */
function isOnDemand(name: string, file: string): boolean {
	return name === "loop" || /(^|\/)kernel\/fs\//.test(file);
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
