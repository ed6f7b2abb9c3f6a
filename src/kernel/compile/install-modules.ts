import {
	access,
	copyFile,
	mkdir,
	open,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import type { StepContext } from "../../plan/step.ts";
import { parseConfig, valueIn } from "../kconfig/config-file.ts";
import { type MakeSettings, makeCommand } from "./make.ts";

type InstallContext = Pick<StepContext, "out" | "temp" | "run" | "log">;

async function isModular(make: MakeSettings): Promise<boolean> {
	const text = await readFile(join(make.output, ".config"), "utf8");
	return valueIn(parseConfig(text), "MODULES") === "y";
}

/**
 * Fills `modules/lib/modules/VERSION`. A kernel without modules gets the list of what is built in and
 * empty indexes, so that the initramfs finds each driver accounted for.
 */
export async function installModules(
	context: InstallContext,
	make: MakeSettings,
	version: string,
): Promise<void> {
	const root = join(context.out, "modules");
	const folder = join(root, "lib/modules", version);
	await mkdir(folder, { recursive: true });
	if (await isModular(make)) {
		const { args, env } = makeCommand(make, [
			`INSTALL_MOD_PATH=${root}`,
			"INSTALL_MOD_STRIP=1",
			"modules_install",
		]);
		await context.run("make", ["-s", ...args], { env });
		for (const link of ["build", "source"])
			await rm(join(folder, link), { force: true });
		return;
	}
	for (const name of ["modules.builtin", "modules.builtin.modinfo"])
		await copyFile(join(make.output, name), join(folder, name));
	await writeFile(join(folder, "modules.order"), "");
	await context.run("depmod", ["-b", root, version]);
}

/**
 * Packs what building a module outside of the tree needs, laid out as usr/src/linux-headers-VERSION,
 * by the kernel's own script (scripts/package/install-extmod-build, from Linux 6.7 on).
 */
export async function installHeaders(
	context: InstallContext,
	make: MakeSettings,
	version: string,
): Promise<void> {
	if (!(await isModular(make))) return;
	const script = join(make.tree, "scripts/package/install-extmod-build");
	const hasScript = await access(script).then(
		() => true,
		() => false,
	);
	if (!hasScript) {
		context.log("no headers: this kernel has no install-extmod-build");
		return;
	}
	const name = `usr/src/linux-headers-${version}`;
	const target = join(context.temp, "headers", name);
	await mkdir(target, { recursive: true });
	const { args, env } = makeCommand(make, [
		`run-command`,
		`KBUILD_RUN_COMMAND=${script} ${target}`,
	]);
	await context.run("make", ["-s", ...args], { env });
	await stripPrograms(context, target);
	await context.run("tar", [
		"--create",
		"--zstd",
		"--sort=name",
		"--owner=0",
		"--group=0",
		"--numeric-owner",
		`--mtime=@${make.epoch}`,
		`--file=${join(context.out, "headers.tar.zst")}`,
		`--directory=${join(context.temp, "headers")}`,
		"usr",
	]);
}

/** Programs for the build host: their debug information, and the build ID that covers it, name this build's temporary folder. */
async function stripPrograms(
	context: InstallContext,
	folder: string,
): Promise<void> {
	const { stdout } = await context.run(
		"find",
		[folder, "-type", "f", "-perm", "-u+x"],
		{ onLine: () => undefined },
	);
	const programs: string[] = [];
	for (const file of stdout.split("\n").filter((line) => line !== ""))
		if (await isElf(file)) programs.push(file);
	if (programs.length > 0)
		await context.run("strip", [
			"--strip-debug",
			"--remove-section=.note.gnu.build-id",
			...programs,
		]);
}

async function isElf(file: string): Promise<boolean> {
	const handle = await open(file, "r");
	try {
		const { buffer } = await handle.read({ buffer: Buffer.alloc(4) });
		return buffer.toString("latin1") === "\x7fELF";
	} finally {
		await handle.close();
	}
}
