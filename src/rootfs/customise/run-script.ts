import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { createJiti } from "jiti";
import { ExpectedError, stepFailure, type Where } from "../../system/errors.ts";
import { packageFile } from "../../system/package-files.ts";
import { run } from "../../system/process.ts";
import type { Phase, Script } from "../script.ts";
import {
	runInside,
	type ScriptSurroundings,
	scriptContext,
} from "./script-context.ts";
import type { ScriptFile } from "./script-files.ts";

/**
 * Runs one phase script. Modules run on this machine whatever the phase; executables of phase `chroot`
 * are copied in and run inside.
 * @throws ExpectedError (exit code 1) with the script's name, the line if it is known, and what it last said.
 */
export async function runScript(
	around: ScriptSurroundings,
	phase: Phase,
	script: ScriptFile,
): Promise<void> {
	around.log(`running script ${script.name}`);
	const env = { ...around.env, DOCK0_PHASE: phase };
	try {
		if (script.kind === "module")
			await runModule({ ...around, env }, phase, script);
		else if (phase === "chroot")
			await runCopyInside({ ...around, env }, script);
		else
			await run(script.path, [], {
				cwd: around.scripts,
				env,
				onLine: around.log,
			});
	} catch (error) {
		throw describeScriptFailure(script, error);
	}
}

async function runModule(
	around: ScriptSurroundings,
	phase: Phase,
	script: ScriptFile,
): Promise<void> {
	const jiti = createJiti(script.path, {
		fsCache: false,
		moduleCache: false,
		alias: { dock0: ownModule() },
	});
	const body: unknown = await jiti.import(script.path, { default: true });
	if (typeof body !== "function")
		throw stepFailure({
			code: "SCRIPT_NO_FUNCTION",
			message: "its default export is not a function",
			hint: "write `export default defineScript(async ({ rootfs }) => { … })`",
		});
	await (body as Script<unknown>)(scriptContext(around, phase));
}

/** What scripts import as `dock0`: the bundle, or the sources while there is none. */
function ownModule(): string {
	const bundle = packageFile("dist/index.js");
	return existsSync(bundle) ? bundle : packageFile("src/rootfs/script.ts");
}

/** The copy lies in the root's /run, which is a tmpfs that the image never sees. */
async function runCopyInside(
	around: ScriptSurroundings,
	script: ScriptFile,
): Promise<void> {
	const folder = join(around.tree, "run/dock0");
	const copy = join(folder, basename(script.path));
	await mkdir(folder, { recursive: true });
	await copyFile(script.path, copy);
	await chmod(copy, 0o755);
	try {
		await runInside(around, [`/run/dock0/${basename(copy)}`], {
			env: { DOCK0_CONFIG: "/run/dock0/config.json" },
		});
	} finally {
		await rm(copy, { force: true });
	}
}

function describeScriptFailure(
	script: ScriptFile,
	error: unknown,
): ExpectedError {
	const where = placeIn(script, error);
	const first = error instanceof ExpectedError ? error.problems[0] : undefined;
	const message =
		first?.message ?? (error instanceof Error ? error.message : String(error));
	return stepFailure(
		{
			code: "SCRIPT_FAILED",
			message: `script ${script.name}${where ? `, line ${where.line}` : ""}: ${message}`,
			...(where ? { where } : {}),
			...(first?.hint ? { hint: first.hint } : {}),
		},
		error,
	);
}

/** The innermost line of the script itself in the stack of what it threw. */
function placeIn(script: ScriptFile, error: unknown): Where | undefined {
	const stack = error instanceof Error ? (error.stack ?? "") : "";
	const position = stack
		.split(/file:\/\/|[\s(]/)
		.find((part) => part.startsWith(`${script.path}:`));
	const match = /:(\d+):(\d+)\)?:?$/.exec(position ?? "");
	if (!match) return undefined;
	return {
		file: script.path,
		line: Number(match[1]),
		column: Number(match[2]),
	};
}
