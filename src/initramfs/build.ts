import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { onInterrupt } from "../system/cleanup.ts";
import { listApplets } from "./applets.ts";
import { compressArchive } from "./compress.ts";
import { type CpioEntry, withParents, writeCpio } from "./cpio.ts";
import { assembleInit } from "./init-script.ts";
import { moduleEntries } from "./kernel-modules.ts";
import type { RunCommand } from "./run-command.ts";
import type { InitramfsSettings } from "./schema.ts";
import type { StateSettings } from "./state-schema.ts";
import type { ToolFile } from "./tool-closure.ts";

/** What an initramfs is made from. */
export interface InitramfsParts {
	/** Folder that holds lib/modules/VERSION or usr/lib/modules/VERSION, with depmod's files. */
	modulesRoot: string;
	/** What `uname -r` will say. */
	kernelVersion: string;
	/** Path of a statically linked busybox. */
	busybox: string;
	settings: InitramfsSettings;
	state: StateSettings;
	/** Another first process than the init that finds the root, the applets it calls, and a folder for it. */
	instead?: { script: string; applets: readonly string[]; folder: string };
	/** Further files, such as the ones of `toolClosure`. */
	files?: readonly ToolFile[];
	/** Path of the file to write. */
	out: string;
	run: RunCommand;
}

/**
 * Writes a compressed initramfs; equal parts give equal bytes.
 * @throws ExpectedError when a module or an applet is missing, or a compressor fails.
 */
export async function buildInitramfs(parts: InitramfsParts): Promise<void> {
	const { modulesRoot, kernelVersion, busybox, settings, state, out, run } =
		parts;
	const { instead } = parts;
	const temp = await mkdtemp(join(dirname(out), ".initramfs-"));
	const clean = onInterrupt(() => rm(temp, { recursive: true, force: true }));
	try {
		const entries = [
			...baseEntries(),
			...busyboxEntries(
				await readFile(busybox),
				await listApplets(busybox, run, instead?.applets),
			),
			...(instead
				? [{ kind: "directory" as const, path: instead.folder, mode: 0o700 }]
				: []),
			...(await Promise.all((parts.files ?? []).map(fileEntry))),
			...(await moduleEntries({
				modulesRoot,
				kernelVersion,
				onNeed: settings.baseModules,
				always: settings.modules,
				temp,
				run,
			})),
			{
				kind: "file" as const,
				path: "init",
				mode: 0o755,
				data: Buffer.from(
					instead?.script ?? (await assembleInit({ ...settings, state })),
				),
			},
		];
		const archive = join(temp, "archive.cpio");
		await writeFile(archive, writeCpio(withParents(entries)));
		await compressArchive(archive, out, settings, run);
	} finally {
		await clean();
	}
}

/** Mount points, and the console that the kernel opens before the init runs (init(7), console(4)). */
function baseEntries(): CpioEntry[] {
	const folders = ["proc", "sys", "dev", "run", "newroot", "tmp"];
	return [
		...folders.map(
			(path): CpioEntry => ({ kind: "directory", path, mode: 0o755 }),
		),
		{
			kind: "node",
			path: "dev/console",
			mode: 0o600,
			device: "character",
			major: 5,
			minor: 1,
		},
		{
			kind: "node",
			path: "dev/null",
			mode: 0o666,
			device: "character",
			major: 1,
			minor: 3,
		},
	];
}

async function fileEntry({ path, source }: ToolFile): Promise<CpioEntry> {
	return { kind: "file", path, mode: 0o755, data: await readFile(source) };
}

function busyboxEntries(
	binary: Uint8Array,
	applets: readonly string[],
): CpioEntry[] {
	return [
		{ kind: "file", path: "bin/busybox", mode: 0o755, data: binary },
		...applets.map(
			(name): CpioEntry => ({
				kind: "symlink",
				path: `bin/${name}`,
				mode: 0o777,
				target: "busybox",
			}),
		),
	];
}
