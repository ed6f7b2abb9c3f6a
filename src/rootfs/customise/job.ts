import type { ProblemDetails } from "../../system/errors.ts";
import type { Command, PermissionSettings, TrimSettings } from "../schema.ts";

export interface TemplateSource {
	from: string;
	to?: string | undefined;
	mode?: string | undefined;
	owner?: string | undefined;
}

/** All that the worker needs to know; handed over as a JSON file that only its owner may read. */
export interface CustomiseJob {
	/** Packed tree to start from. */
	source: string;
	/** Folder for what became of it: `changes.tar` and `kept`. */
	target: string;
	/** Folder to unpack into; its parent exists, empty. */
	tree: string;
	/** How many bytes of memory may hold that; 0: it is on the disk. */
	memory: number;
	/** Private folder for the scripts' view of the config. */
	private: string;
	/** Seconds since 1970. */
	epoch: number;
	/** Folders copied first, then the links, then the overlays. */
	baseOverlays: string[];
	/** Path to target. */
	links: Readonly<Record<string, string>>;
	overlays: string[];
	templates: TemplateSource[];
	permissions: PermissionSettings[];
	scripts?: string | undefined;
	chroot: Command[];
	finalize: Command[];
	trim: TrimSettings;
	config: unknown;
}

/** The files that the worker leaves in `target`. */
export const changesArchive = "changes.tar";
export const keptList = "kept";

/** A line that the worker writes to its standard output. */
export type WorkerEvent =
	| { event: "log"; line: string }
	| { event: "stage"; done: number; total: number; title: string }
	| { event: "failed"; problems: readonly ProblemDetails[] }
	| { event: "bug"; stack: string };

/** One line of JSON, with a first key that tells it from what scripts print. */
export function formatEvent(event: WorkerEvent): string {
	return JSON.stringify({ dock0: 1, ...event });
}

/** The event in a line, or the line itself as a log event when it is something else. */
export function parseEvent(line: string): WorkerEvent {
	if (line.startsWith('{"dock0":1,')) {
		try {
			return JSON.parse(line) as WorkerEvent;
		} catch {
			// a line that only looks like ours
		}
	}
	return { event: "log", line };
}
