import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stepFailure } from "../../system/errors.ts";
import { run } from "../../system/process.ts";
import { inMemoryScript } from "../../system/tree-memory.ts";
import { packArguments, unpackArguments } from "../archive.ts";
import { chrootMountsScript } from "../chroot-mounts.ts";
import type { Command } from "../schema.ts";
import type { Phase } from "../script.ts";
import { scrubScript } from "../scrub.ts";
import { changesSince, type Snapshot, takeSnapshot } from "./changes.ts";
import { commandWords, resolverScript } from "./enter.ts";
import { type CustomiseJob, changesArchive, keptList } from "./job.ts";
import { placeOverlay } from "./overlay.ts";
import { applyPermissions } from "./permissions.ts";
import { placeLink } from "./place.ts";
import { runScript } from "./run-script.ts";
import { runInside, type ScriptSurroundings } from "./script-context.ts";
import { findScripts } from "./script-files.ts";
import { placeTemplates } from "./templates.ts";
import { removePaths, trimPatterns } from "./trim.ts";

/** Where the worker tells what it does. */
export interface Reporter {
	log(line: string): void;
	stage(done: number, total: number, title: string): void;
}

/**
 * Does the whole of a job as root of a namespace that ends with us: unpack, overlay, templates, permissions,
 * scripts and commands by phase with the trimming before the last one, scrub, pack what was changed.
 * @throws ExpectedError (exit code 1) naming what failed.
 */
export async function performJob(
	job: CustomiseJob,
	report: Reporter,
): Promise<void> {
	const around = await surroundings(job, report);
	let before: Snapshot = new Map();
	const stages: [string, () => Promise<unknown>][] = [
		["unpacking", () => unpack(job)],
		[
			"looking at what the packages brought",
			async () => {
				before = await takeSnapshot(job.tree, `${job.tree}.probe`);
			},
		],
		["placing files", () => placeFiles(job, around)],
		["entering the root", () => mountRoot(job, around)],
		["rootfs scripts", () => runPhase(job, around, "rootfs")],
		["chroot scripts", () => runPhase(job, around, "chroot")],
		["chroot commands", () => runChrootCommands(job, around)],
		["trimming", () => trim(job, around)],
		["finalize scripts", () => runPhase(job, around, "finalize")],
		["finalize commands", () => runFinalizeCommands(job, around)],
		["leaving the root", () => leaveRoot(job)],
		["packing what is new", () => packChanges(job, before, report)],
	];
	for (const [index, [title, perform]] of stages.entries()) {
		report.stage(index, stages.length, title);
		await perform();
	}
	report.stage(stages.length, stages.length, "packed");
}

async function surroundings(
	job: CustomiseJob,
	report: Reporter,
): Promise<ScriptSurroundings> {
	const config = join(job.private, "config.json");
	await writeFile(config, JSON.stringify(job.config ?? {}), { mode: 0o600 });
	const scripts = job.scripts ?? job.private;
	return {
		tree: job.tree,
		epoch: job.epoch,
		config: job.config,
		scripts,
		env: {
			DOCK0_ROOTFS: job.tree,
			DOCK0_CONFIG: config,
			DOCK0_SCRIPTS: scripts,
			SOURCE_DATE_EPOCH: String(job.epoch),
		},
		log: report.log,
	};
}

async function unpack({ source, tree, memory }: CustomiseJob): Promise<void> {
	await run("sh", [
		"-euc",
		`${inMemoryScript}\nin_memory "$@"`,
		"sh",
		dirname(tree),
		String(memory),
	]);
	await mkdir(tree, { mode: 0o755 });
	await run("tar", unpackArguments(source, tree));
}

async function placeFiles(
	job: CustomiseJob,
	around: ScriptSurroundings,
): Promise<void> {
	const placeAll = async (overlays: readonly string[]): Promise<void> => {
		for (const overlay of overlays) {
			const placed = await placeOverlay(around, overlay);
			around.log(`overlay ${overlay}: ${placed} files`);
		}
	};
	await placeAll(job.baseOverlays);
	for (const [path, target] of Object.entries(job.links).sort())
		await placeLink(around, path, target);
	await placeAll(job.overlays);
	for (const template of job.templates) {
		const placed = await placeTemplates(around, template, job.config);
		around.log(`templates ${template.from}: ${placed} files`);
	}
	await applyPermissions(job.tree, job.permissions);
}

/** The config for executables inside goes to the root's /run, where no image ever keeps it. */
async function mountRoot(
	job: CustomiseJob,
	around: ScriptSurroundings,
): Promise<void> {
	await run("sh", [
		"-euc",
		`${chrootMountsScript}${resolverScript}mount_chroot "$1"; cover_resolver "$1"`,
		"sh",
		job.tree,
	]);
	const inside = join(job.tree, "run/dock0");
	await mkdir(inside, { mode: 0o700 });
	await copyFile(around.env.DOCK0_CONFIG ?? "", join(inside, "config.json"));
}

async function runPhase(
	job: CustomiseJob,
	around: ScriptSurroundings,
	phase: Phase,
): Promise<void> {
	if (!job.scripts) return;
	for (const script of await findScripts(job.scripts, phase))
		await runScript(around, phase, script);
}

async function runChrootCommands(
	job: CustomiseJob,
	around: ScriptSurroundings,
): Promise<void> {
	for (const [index, command] of job.chroot.entries()) {
		around.log(`inside: ${shown(command)}`);
		await runInside(around, command, {
			env: { DOCK0_PHASE: "chroot", DOCK0_CONFIG: "/run/dock0/config.json" },
		}).catch((error: unknown) => {
			throw commandFailure("chroot", index, command, error);
		});
	}
}

async function runFinalizeCommands(
	job: CustomiseJob,
	around: ScriptSurroundings,
): Promise<void> {
	for (const [index, command] of job.finalize.entries()) {
		around.log(`on this machine: ${shown(command)}`);
		const [program = "", ...args] = commandWords(command);
		await run(program, args, {
			cwd: around.scripts,
			env: { ...around.env, DOCK0_PHASE: "finalize" },
			onLine: around.log,
		}).catch((error: unknown) => {
			throw commandFailure("finalize", index, command, error);
		});
	}
}

async function trim(
	job: CustomiseJob,
	around: ScriptSurroundings,
): Promise<void> {
	const removed = removePaths(job.tree, trimPatterns(job.trim));
	around.log(`trimmed ${removed} files`);
}

/** Unmounts what programs inside the root needed, and removes what a build leaves behind. */
async function leaveRoot(job: CustomiseJob): Promise<void> {
	await run("sh", [
		"-euc",
		`${chrootMountsScript}${resolverScript}${scrubScript}uncover_resolver "$1"; unmount_chroot "$1"; scrub "$1" "$2"`,
		"sh",
		job.tree,
		String(job.epoch),
	]);
}

/**
 * Leaves `changes.tar`, all that is not as the packages brought it, and `kept`, the paths of all that is, each
 * with a zero byte after it.
 */
async function packChanges(
	job: CustomiseJob,
	before: Snapshot,
	report: Reporter,
): Promise<void> {
	const { kept, changed } = changesSince(job.tree, before);
	const list = (paths: string[]) =>
		Buffer.from(paths.map((path) => `${path}\0`).join(""), "latin1");
	await writeFile(join(job.target, keptList), list(kept));
	const names = join(job.private, "changed");
	await writeFile(
		names,
		list(changed.map((path) => (path === "." ? path : `./${path}`))),
	);
	await run(
		"tar",
		packArguments(job.tree, join(job.target, changesArchive), job.epoch, names),
	);
	report.log(
		`${changed.length} entries are new or changed, ${kept.length} kept`,
	);
}

function commandFailure(
	key: "chroot" | "finalize",
	index: number,
	command: Command,
	error: unknown,
): Error {
	const reason = error instanceof Error ? error.message : String(error);
	return stepFailure(
		{
			code: "ROOTFS_COMMAND_FAILED",
			message: `command ${index + 1} of rootfs.${key} failed: ${shown(command)}\n${reason.slice(reason.indexOf("' ended with ") + 2)}`,
		},
		error,
	);
}

function shown(command: Command): string {
	const text = typeof command === "string" ? command : command.join(" ");
	return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
