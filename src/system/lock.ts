import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { ExpectedError } from "./errors.ts";
import { start } from "./process.ts";

export interface Lock {
	release(): Promise<void>;
}

/**
 * Takes an exclusive (or, with `shared`, a shared) flock(2) on `path` through flock(1), so that the kernel gives it back however we
 * end. Waits while another process holds it; `onWait` is told once.
 * @throws ExpectedError when it cannot be had within `timeoutSeconds`.
 */
export async function acquireLock(
	path: string,
	options: {
		shared?: boolean;
		timeoutSeconds?: number;
		signal?: AbortSignal | undefined;
		onWait?: () => void;
	} = {},
): Promise<Lock> {
	await mkdir(dirname(path), { recursive: true });
	const timeout = options.timeoutSeconds ?? 3600;
	const holder = start(
		"flock",
		[
			options.shared ? "--shared" : "--exclusive",
			"--timeout",
			String(timeout),
			path,
			"sh",
			"-c",
			"echo held; exec cat",
		],
		{ signal: options.signal },
	);
	holder.stdin.on("error", () => {
		// it may have been killed
	});
	const waiting = setTimeout(() => options.onWait?.(), 200);
	try {
		const held = await new Promise<boolean>((resolve) => {
			holder.stdout.once("data", () => resolve(true));
			void holder.done.then(() => resolve(false));
		});
		options.signal?.throwIfAborted();
		if (!held)
			throw new ExpectedError(
				{
					code: "LOCK_BUSY",
					message: `another dock0 holds ${path}`,
					hint: "wait until it has ended, or stop it",
				},
				{ exitCode: 1 },
			);
	} finally {
		clearTimeout(waiting);
	}
	return {
		async release() {
			holder.stdin.end();
			holder.stdout.resume();
			await holder.done;
		},
	};
}
