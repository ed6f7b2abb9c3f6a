import { createWriteStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import { removeTree, runInNamespace } from "../system/namespace.ts";
import { type RunOptions, run } from "../system/process.ts";
import { maskSecrets } from "../system/secrets.ts";
import {
	type CacheEntry,
	folderBytes,
	makeWorkFolder,
	putEntry,
} from "./cache.ts";
import type { Observer } from "./events.ts";
import type { KeyedStep } from "./key.ts";
import type { AnyStep, StepContext } from "./step.ts";

export interface RunStepOptions {
	observe: Observer;
	signal: AbortSignal;
	/** Folder for one log file a step. */
	logDir: string;
}

/**
 * Runs one step in a fresh folder and moves its outputs into the cache. Whatever happens, the folder is
 * gone afterwards.
 * @throws ExpectedError (exit code 1) naming the step and its log.
 */
export async function runStep(
	{ step, key, inputs }: KeyedStep,
	entries: ReadonlyMap<string, CacheEntry>,
	{ observe, signal, logDir }: RunStepOptions,
): Promise<void> {
	const started = performance.now();
	const seconds = (): number => (performance.now() - started) / 1000;
	await mkdir(logDir, { recursive: true });
	const logFile = join(logDir, `${step.name.replaceAll("/", "-")}.log`);
	const log = createWriteStream(logFile, { mode: 0o600 });
	const work = await makeWorkFolder(step.name);
	const lastLines: string[] = [];
	const writeLine = (raw: string): void => {
		const line = maskSecrets(raw);
		lastLines.push(line);
		if (lastLines.length > 10) lastLines.shift();
		log.write(`${seconds().toFixed(3)} ${line}\n`);
		observe({ type: "step:log", step: step.name, line });
	};
	observe({
		type: "step:start",
		step: step.name,
		title: step.title,
		log: logFile,
	});
	try {
		const out = join(work, "out");
		const temp = join(work, "temp");
		await Promise.all([mkdir(out), mkdir(temp)]);
		const needs = Object.fromEntries(
			Object.entries(step.needs).map(([name, need]) => [
				name,
				entries.get(need.name)?.outputs ?? "",
			]),
		);
		await step.run({
			out,
			temp,
			needs,
			...stepServices(step.name, writeLine, observe, signal),
		});
		signal.throwIfAborted();
		for (const output of step.outputs) await requireOutput(step, out, output);
		const bytes = await folderBytes(out);
		await putEntry(key, work, {
			step: step.name,
			inputs,
			seconds: seconds(),
			bytes,
		});
		observe({
			type: "step:done",
			step: step.name,
			title: step.title,
			seconds: seconds(),
			bytes,
		});
	} catch (error) {
		await removeTree(work);
		if (signal.aborted) throw signal.reason;
		observe({
			type: "step:failed",
			step: step.name,
			title: step.title,
			seconds: seconds(),
			log: logFile,
		});
		throw describeFailure(step, error, logFile, lastLines);
	} finally {
		await new Promise<void>((resolve) => log.end(() => resolve()));
	}
}

function stepServices(
	step: string,
	log: (line: string) => void,
	observe: Observer,
	signal: AbortSignal,
): Omit<StepContext, "out" | "temp" | "needs"> {
	const connect = (options: RunOptions = {}): RunOptions => ({
		...options,
		signal,
		onLine: options.onLine ?? log,
	});
	return {
		signal,
		log,
		progress: (done, total, unit) =>
			observe({
				type: "step:progress",
				step,
				done,
				unit,
				...(total === undefined ? {} : { total }),
			}),
		run: (command, args, options) => run(command, args, connect(options)),
		runInNamespace: (command, args, options) =>
			runInNamespace(command, args, connect(options)),
	};
}

async function requireOutput(
	step: AnyStep,
	out: string,
	output: string,
): Promise<void> {
	try {
		await stat(join(out, output));
	} catch {
		throw new Error(`${step.name} did not leave its output '${output}'`);
	}
}

/** Adds the step's name and its log to an error that people can act upon; bugs pass as they are. */
function describeFailure(
	step: AnyStep,
	error: unknown,
	logFile: string,
	lastLines: readonly string[],
): unknown {
	if (!(error instanceof ExpectedError)) return error;
	const note = `the whole log is ${logFile}; --verbose shows it while it runs`;
	// The message of a failed program ends with its last lines already.
	const told = error.message.includes(lastLines.at(-1)?.trim() ?? "");
	const tail = told ? "" : `\n  ${lastLines.join("\n  ")}`;
	const problems = error.problems.map((problem, index) =>
		index === 0
			? {
					...problem,
					message: `step ${step.name} failed: ${problem.message}${tail}`,
					hint: problem.hint ? `${problem.hint}\n  ${note}` : note,
				}
			: problem,
	);
	return new ExpectedError(problems, {
		exitCode: error.exitCode,
		cause: error,
	});
}
