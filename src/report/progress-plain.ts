import type { BuildEvent, Observer } from "../plan/events.ts";
import { formatBytes, formatSeconds } from "./numbers.ts";

export type Verbosity = "quiet" | "normal" | "verbose";

/** One line for each thing that happened; for logs, pipes and people who like it plain. */
export function plainProgress(
	write: (line: string) => void,
	verbosity: Verbosity,
): Observer {
	return (event) => {
		const line = describeEvent(event, verbosity);
		if (line !== undefined) write(line);
	};
}

/** The line for an event, or undefined when it deserves none at this verbosity. Pure. */
export function describeEvent(
	event: BuildEvent,
	verbosity: Verbosity,
): string | undefined {
	if (event.type === "step:failed")
		return `failed  ${event.title} after ${formatSeconds(event.seconds)} (log: ${event.log})`;
	if (event.type === "warning") return `warning ${event.message}`;
	if (verbosity === "quiet") return undefined;
	switch (event.type) {
		case "step:cached":
			return `cached  ${event.title}`;
		case "step:pulled":
			return `pulled  ${event.title} from ${event.from}`;
		case "step:waiting":
			return `waiting ${event.step}: ${event.reason}`;
		case "step:start":
			return `start   ${event.title}`;
		case "step:done":
			return `done    ${event.title} in ${formatSeconds(event.seconds)}, ${formatBytes(event.bytes)}`;
		case "step:log":
			return verbosity === "verbose"
				? `        ${event.step}: ${event.line}`
				: undefined;
		default:
			return undefined;
	}
}
