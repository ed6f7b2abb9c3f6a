import { realpath } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import type { Observer } from "../plan/events.ts";
import { interruptSignal } from "../system/cleanup.ts";
import { ExpectedError } from "../system/errors.ts";
import { watchFiles } from "../system/watch.ts";
import { buildProject } from "./build.ts";
import { readBundleRecord } from "./bundle.ts";
import {
	type DevMachine,
	type MachineEvent,
	pushToMachine,
	startMachine,
	wantedMachine,
} from "./dev-machine.ts";
import { chosenProject, type HostChoice } from "./hosts.ts";
import { type Project, releaseFolder } from "./project.ts";

export type DevEvent =
	| MachineEvent
	/** Files that were saved, relative to where the command was started. */
	| { type: "changed"; files: string[] }
	/** What is wrong; the machine runs on as it was. */
	| { type: "problem"; error: ExpectedError }
	/** A round is over: the machine was started for the first time, started anew, changed while it ran, or left alone. */
	| {
			type: "applied";
			how: "booted" | "rebooted" | "pushed" | "unchanged";
			/** Since the change was noticed. */
			seconds: number;
			why?: string;
	  }
	| { type: "watching"; paths: number };

export interface DevOptions extends HostChoice {
	/** As of `buildProject`. */
	output?: string | undefined;
	/** How long the host may take to become ready. */
	readySeconds: number;
	observe: Observer;
	tell: (event: DevEvent) => void;
}

/**
 * Builds a project, boots it, and then follows what is saved: a change of the bundle alone goes into the
 * running machine, any other change restarts it with what was rebuilt. What is saved meanwhile makes one more
 * round. It ends, with the machine, when we are told to.
 * @throws ExpectedError (exit code 2) when the config is wrong at the start; later ones are told and waited out.
 * Otherwise the reason of the interruption.
 */
export async function developProject(options: DevOptions): Promise<never> {
	const { tell } = options;
	const signal = interruptSignal();
	const watcher = watchFiles();
	let machine: DevMachine | undefined;
	let project = await chosenProject(options);
	let watched = watchedPaths(project, options.output);

	/** Brings the machine to what the files say now. */
	const follow = async (): Promise<DevEvent> => {
		const begun = performance.now();
		const applied = (
			how: Extract<DevEvent, { type: "applied" }>["how"],
			why?: string,
		): DevEvent => ({
			type: "applied",
			how,
			seconds: (performance.now() - begun) / 1000,
			...(why === undefined ? {} : { why }),
		});
		project = await chosenProject(options);
		watched = watchedPaths(project, options.output);
		await watcher.set(watched);
		const { folder } = await buildProject(project, {
			observe: options.observe,
			output: options.output,
			signal,
		});
		const wanted = wantedMachine(project, {
			release: await realpath(folder),
			bundle: (await readBundleRecord(project, options.output))?.sha256,
		});
		const running = machine?.isRunning() ? machine : undefined;
		if (running && running.is.base === wanted.base) {
			if (running.is.bundle === wanted.bundle) return applied("unchanged");
			const refused = await pushToMachine(running, project, {
				...options,
				signal,
			});
			if (refused === undefined) {
				running.is = wanted;
				return applied("pushed");
			}
			tell({ type: "note", text: `${refused}; it is restarted instead` });
		}
		await machine?.stop();
		const before = machine;
		machine = await startMachine(project, wanted, options);
		await machine.waitReady({ timeoutSeconds: options.readySeconds, signal });
		return applied(
			before ? "rebooted" : "booted",
			before && !running ? "it had ended" : undefined,
		);
	};

	try {
		for (;;) {
			try {
				await watcher.set(watched);
				tell(await follow());
			} catch (error) {
				signal.throwIfAborted();
				if (!(error instanceof ExpectedError)) throw error;
				watched = [...watched, ...placesOf(error)];
				await watcher.set(watched);
				tell({ type: "problem", error });
			}
			tell({ type: "watching", paths: watched.length });
			const files = await watcher.next(signal);
			const { startedIn } = project;
			tell({
				type: "changed",
				files: files.map((file) => relative(startedIn, file) || "."),
			});
		}
	} finally {
		watcher.close();
		await machine?.stop();
	}
}

/** Everything of the user's that decides what is built. */
function watchedPaths(project: Project, output?: string): string[] {
	const { layers, readFiles, namedPaths } = project.config;
	const own = dirname(releaseFolder(project, output));
	return [
		...new Set([
			...layers.map(({ file }) => file),
			...readFiles,
			...namedPaths(),
		]),
	].filter((path) => path !== own);
}

/** The files that an error is about: a layer that is just being written may not be known by the config before. */
function placesOf(error: ExpectedError): string[] {
	return error.problems.flatMap(({ where }) =>
		where ? [resolve(where.file)] : [],
	);
}
