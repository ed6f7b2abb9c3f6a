import type { Project } from "../pipeline/project.ts";
import type { Observer } from "../plan/events.ts";
import { plainProgress } from "../report/progress-plain.ts";
import {
	isInteractive,
	type OutputOptions,
	type ProjectOptions,
	print,
	printError,
	verbosityOf,
} from "./command.ts";

/** The progress display that fits the options and the terminal. */
export async function observer(options: OutputOptions): Promise<{
	observe: Observer;
	stop: () => void;
}> {
	if (options.json)
		return {
			observe: (event) => print(JSON.stringify(event)),
			stop: () => undefined,
		};
	if (isInteractive() && verbosityOf(options) === "normal") {
		const { liveProgress } = await import("../report/progress-live.ts");
		return liveProgress();
	}
	return {
		observe: plainProgress(printError, verbosityOf(options)),
		stop: () => undefined,
	};
}

/** Loads the project and does `work` with it while progress is shown; the display is gone when this returns. */
export async function withProgress<Result>(
	files: readonly string[],
	options: ProjectOptions & OutputOptions,
	work: (project: Project, options: { observe: Observer }) => Promise<Result>,
): Promise<Result> {
	const { loadProject } = await import("../pipeline/project.ts");
	const project = await loadProject({ files, directory: options.directory });
	const progress = await observer(options);
	try {
		return await work(project, { observe: progress.observe });
	} finally {
		progress.stop();
	}
}
