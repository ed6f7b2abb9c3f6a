import type { Observer } from "../plan/events.ts";
import { plainProgress } from "../report/progress-plain.ts";
import {
	isInteractive,
	type OutputOptions,
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
