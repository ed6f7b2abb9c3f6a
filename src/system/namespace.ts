import { rm } from "node:fs/promises";
import { environment } from "./environment.ts";
import { type RunOptions, type RunResult, run } from "./process.ts";

/**
 * Arguments that run a command as (mapped) root in mount, PID and, for ordinary users, user
 * namespaces of its own. All that it mounts and starts vanishes with it, even when we are killed:
 * the namespace's first process is killed with unshare(1), and unshare with us.
 * Ordinary users need newuidmap and a range in /etc/subuid (subuid(5)).
 */
export function namespaceCommand(
	command: string,
	args: readonly string[],
): [string, string[]] {
	const user = environment().isRoot
		? []
		: ["--user", "--map-root-user", "--map-auto"];
	return [
		"unshare",
		[
			...user,
			"--mount",
			"--propagation",
			"private",
			"--pid",
			"--fork",
			"--kill-child=KILL",
			"--mount-proc",
			"--",
			command,
			...args,
		],
	];
}

/** `run`, as root of a namespace; see `namespaceCommand`. */
export function runInNamespace(
	command: string,
	args: readonly string[],
	options: RunOptions = {},
): Promise<RunResult> {
	return run(...namespaceCommand(command, args), options);
}

/** Removes a folder, also one that holds files of our subordinate uids, which we may not delete ourselves. */
export async function removeTree(path: string): Promise<void> {
	try {
		await rm(path, { recursive: true, force: true });
	} catch (error) {
		if (environment().isRoot) throw error;
		await runInNamespace("rm", ["-rf", "--one-file-system", "--", path]);
	}
}
