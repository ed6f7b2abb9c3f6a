import type { Observer } from "../plan/events.ts";
import { liveProgress } from "../report/progress-live.ts";
import { plainProgress } from "../report/progress-plain.ts";
import {
	isInteractive,
	type OutputOptions,
	print,
	printError,
	verbosityOf,
} from "./command.ts";

/** The progress display that fits the options and the terminal. */
export function observer(options: OutputOptions): {
	observe: Observer;
	stop: () => void;
} {
	if (options.json)
		return {
			observe: (event) => print(JSON.stringify(event)),
			stop: () => undefined,
		};
	if (isInteractive() && verbosityOf(options) === "normal")
		return liveProgress();
	return {
		observe: plainProgress(printError, verbosityOf(options)),
		stop: () => undefined,
	};
}
