import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StepContext } from "../plan/step.ts";
import {
	ExpectedError,
	type ProblemDetails,
	stepFailure,
} from "../system/errors.ts";
import { removeTree, runInNamespace } from "../system/namespace.ts";
import { packageFile } from "../system/package-files.ts";
import { maskSecrets } from "../system/secrets.ts";
import { memoryForTree } from "../system/tree-memory.ts";
import {
	type CustomiseJob,
	parseEvent,
	type TemplateSource,
} from "./customise/job.ts";
import type { RootfsSettings } from "./schema.ts";

export interface CustomiseOptions {
	/** The `rootfs.tar` to start from. */
	source: string;
	/** Folder for `changes.tar` and `kept`, see `packChanges`. */
	target: string;
	settings: RootfsSettings;
	/** What templates and scripts see of the config; may hold secrets. */
	config: unknown;
	/** Seconds since 1970. */
	epoch: number;
	/** Bundle of worker.ts; default the one in dock0's `dist/`. */
	workerFile?: string | undefined;
}

/**
 * Unpacks a root file system, changes it as the settings say, and packs what was changed, in a process of its
 * own that is root of a namespace.
 * @throws ExpectedError (exit code 1) naming the template, script or command that failed.
 */
export async function customise(
	context: Pick<StepContext, "temp" | "signal" | "log" | "progress">,
	options: CustomiseOptions,
): Promise<void> {
	const worker = options.workerFile ?? packageFile("dist/rootfs-worker.js");
	if (!existsSync(worker))
		throw stepFailure({
			code: "WORKER_MISSING",
			message: `${worker} does not exist`,
			hint: "in a checkout of dock0: npm run build",
		});
	const work = join(context.temp, "work");
	const tree = join(work, "tree");
	await mkdir(work);
	// Secrets of the config pass through here: only we may look, and nothing stays.
	const folder = await mkdtemp(join(context.temp, "job-"));
	try {
		const job = makeJob(options, tree, folder);
		const file = join(folder, "job.json");
		await writeFile(file, JSON.stringify(job), { mode: 0o600 });
		await runWorker(context, worker, file);
	} finally {
		await rm(folder, { recursive: true, force: true });
		await removeTree(work);
	}
}

function makeJob(
	{ source, target, settings, config, epoch }: CustomiseOptions,
	tree: string,
	folder: string,
): CustomiseJob {
	return {
		source,
		target,
		tree,
		memory: memoryForTree(source),
		private: folder,
		epoch,
		baseOverlays: settings.baseOverlay,
		links: settings.links,
		overlays: ownOverlays(settings),
		templates: templateSources(settings),
		permissions: settings.permissions,
		scripts: settings.scripts,
		chroot: settings.chroot,
		finalize: settings.finalize,
		trim: settings.trim,
		config,
	};
}

/** The overlay folders, lowest first. */
export function overlayFolders(settings: RootfsSettings): string[] {
	return [...settings.baseOverlay, ...ownOverlays(settings)];
}

function ownOverlays({ overlay }: RootfsSettings): string[] {
	return typeof overlay === "string" ? [overlay] : overlay;
}

/** The template sources in one form. */
export function templateSources({
	templates,
}: RootfsSettings): TemplateSource[] {
	const list = typeof templates === "string" ? [templates] : templates;
	return list.map((entry) =>
		typeof entry === "string" ? { from: entry } : entry,
	);
}

async function runWorker(
	context: Pick<StepContext, "signal" | "log" | "progress">,
	worker: string,
	jobFile: string,
): Promise<void> {
	let problems: readonly ProblemDetails[] | undefined;
	let bug: string | undefined;
	const onLine = (line: string, stream: "stdout" | "stderr"): void => {
		const event =
			stream === "stdout" ? parseEvent(line) : { event: "log" as const, line };
		if (event.event === "log") context.log(event.line);
		if (event.event === "failed") problems = event.problems;
		if (event.event === "bug") bug = event.stack;
		if (event.event === "stage") {
			context.log(event.title);
			context.progress(event.done, event.total, "items");
		}
	};
	try {
		await runInNamespace(process.execPath, [worker, jobFile], {
			signal: context.signal,
			onLine,
		});
	} catch (error) {
		context.signal.throwIfAborted();
		if (problems)
			throw new ExpectedError(problems.map(masked), {
				exitCode: 1,
				cause: error,
			});
		if (bug) throw new Error(maskSecrets(bug), { cause: error });
		throw error;
	}
}

function masked(problem: ProblemDetails): ProblemDetails {
	return { ...problem, message: maskSecrets(problem.message) };
}
