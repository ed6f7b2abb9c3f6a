import { buildProject } from "../pipeline/build.ts";
import type { Project } from "../pipeline/project.ts";

/** Builds that were begun from the page; their events are read from the record that every build writes. */
export interface Jobs {
	/** Begins a build in the background. @returns false when one of this host, begun here, still runs. */
	build(host: string, project: Project): boolean;
	/** @returns false when none runs. */
	cancel(host: string): boolean;
	/** The host whose build begun here still runs, or why the last one did not work. */
	of(host: string): { running: boolean; failure?: string };
	/** Ends them all. */
	stop(): Promise<void>;
}

export function createJobs(options: {
	output?: string | undefined;
	describe: (error: unknown) => string;
}): Jobs {
	const running = new Map<
		string,
		{ stop: AbortController; done: Promise<void> }
	>();
	const failures = new Map<string, string>();
	return {
		build(host, project) {
			if (running.has(host)) return false;
			failures.delete(host);
			const stop = new AbortController();
			const done = buildProject(project, {
				output: options.output,
				signal: stop.signal,
			})
				.then(
					() => undefined,
					(error: unknown) => {
						failures.set(
							host,
							stop.signal.aborted ? "stopped" : options.describe(error),
						);
					},
				)
				.finally(() => running.delete(host));
			running.set(host, { stop, done });
			return true;
		},
		cancel(host) {
			const job = running.get(host);
			job?.stop.abort(new Error("stopped from the page"));
			return job !== undefined;
		},
		of(host) {
			const failure = failures.get(host);
			return {
				running: running.has(host),
				...(failure === undefined ? {} : { failure }),
			};
		},
		async stop() {
			const jobs = [...running.values()];
			for (const { stop } of jobs) stop.abort(new Error("dock0 ui has ended"));
			await Promise.all(jobs.map(({ done }) => done));
		},
	};
}
