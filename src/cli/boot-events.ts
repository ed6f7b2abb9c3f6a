import { InvalidArgumentError } from "commander";
import { describePort } from "../vm/ports.ts";
import type { BootEvent } from "../vm/release.ts";

/** What happened to a machine, for the person at the terminal. */
export function describeBootEvent(
	event: Exclude<BootEvent, { type: "output" }>,
): string {
	switch (event.type) {
		case "started": {
			const ports = event.ports.map(describePort);
			return [
				`started ${event.name} (pid ${event.pid}, ${event.acceleration.accelerator}: ${event.acceleration.reason})`,
				...(ports.length > 0 ? [`  ports ${ports.join(", ")}`] : []),
				`  console log ${event.logFile}`,
			].join("\n");
		}
		case "state-disk":
			return `state disk ${event.file} (${event.created ? "made just now" : "kept from before"})`;
		case "kept-disk":
			return `disk ${event.file} (${event.created ? "copied just now" : "kept from before"})`;
		case "ready":
			return `ready after ${event.seconds.toFixed(1)}s`;
		case "note":
			return event.text;
	}
}

/** The number of an option that is given in seconds. */
export function parseSeconds(text: string): number {
	const seconds = Number(text);
	if (!(seconds > 0))
		throw new InvalidArgumentError("a number of seconds is wanted");
	return seconds;
}
