import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { execa, type Options } from "execa";
import { ExpectedError, stepFailure } from "./errors.ts";
import { maskSecrets } from "./secrets.ts";
import { findTool, missingToolProblem, toolVersion } from "./tools.ts";

export interface RunOptions {
	cwd?: string;
	/** Added to (never instead of) the environment. */
	env?: Readonly<Record<string, string | undefined>>;
	/** With `false`, the child sees only `env`. */
	extendEnv?: boolean;
	/** Written to the child's standard input, which is otherwise empty. */
	input?: string | Uint8Array;
	/** When aborted, the child and all of its process group are killed. */
	signal?: AbortSignal | undefined;
	/** Called with each line (secrets masked) as it comes; use it for step logs and progress. */
	onLine?: ((line: string, stream: "stdout" | "stderr") => void) | undefined;
	/** Exit codes that are not failures; default only 0. */
	okExitCodes?: readonly number[];
	/** The raw standard output goes to this file and not into the result. */
	stdoutFile?: string;
}

export interface RunResult {
	exitCode: number;
	/** Empty with `stdoutFile`. */
	stdout: string;
	stderr: string;
}

export interface RunningProcess {
	readonly pid: number;
	readonly stdin: Writable;
	readonly stdout: Readable;
	readonly stderr: Readable;
	/** Settles when the process has ended; never rejects. `exitCode` is -1 when a signal ended it. */
	readonly done: Promise<{ exitCode: number }>;
	/** Sends `signal` (default SIGKILL) to the whole process group. */
	kill(signal?: NodeJS.Signals): void;
}

/**
 * Runs a program to its end. Every process starts in a group of its own, dies with us even when we
 * are killed by SIGKILL (PR_SET_PDEATHSIG, by setpriv(1)), and is killed as a group on abort.
 * @throws ExpectedError (exit code 1) when the program is missing, or fails: its last lines are in the message.
 */
export async function run(
	command: string,
	args: readonly string[] = [],
	options: RunOptions = {},
): Promise<RunResult> {
	const child = start(command, args, options);
	const stdout: string[] = [];
	const stderr: string[] = [];
	const outputs: Promise<void>[] = [
		collect(child.stderr, stderr, (line) => options.onLine?.(line, "stderr")),
	];
	if (options.stdoutFile) {
		const sink = createWriteStream(options.stdoutFile);
		child.stdout.pipe(sink);
		outputs.push(once(sink, "close").then(() => undefined));
	} else {
		outputs.push(
			collect(child.stdout, stdout, (line) => options.onLine?.(line, "stdout")),
		);
	}
	child.stdin.on("error", () => {
		// EPIPE: the child need not read all of its input
	});
	child.stdin.end(options.input ?? "");
	const [{ exitCode }] = await Promise.all([child.done, ...outputs]);
	options.signal?.throwIfAborted();
	const result: RunResult = {
		exitCode,
		stdout: stdout.join(""),
		stderr: stderr.join(""),
	};
	if (!(options.okExitCodes ?? [0]).includes(exitCode)) {
		const tail = maskSecrets(result.stderr.trim() || result.stdout.trim())
			.split("\n")
			.slice(-15)
			.join("\n");
		throw stepFailure({
			code: "COMMAND_FAILED",
			message: maskSecrets(
				`'${[command, ...args].join(" ").slice(0, 400)}' ended with ${exitCode < 0 ? "a signal" : `exit code ${exitCode}`}${tail ? `:\n${tail}` : ""}`,
			),
		});
	}
	return result;
}

/**
 * Starts a program and returns at once; the caller waits on `done` and reads the streams.
 * @throws ExpectedError (exit code 1) when the program is missing.
 */
export function start(
	command: string,
	args: readonly string[] = [],
	options: Pick<RunOptions, "cwd" | "env" | "extendEnv" | "signal"> = {},
): RunningProcess {
	const path = findTool(command);
	if (!path)
		throw new ExpectedError(missingToolProblem(command), { exitCode: 1 });
	const execaOptions: Options = {
		detached: true,
		reject: false,
		buffer: false,
		cleanup: true,
		stdin: "pipe",
		stdout: "pipe",
		stderr: "pipe",
		extendEnv: options.extendEnv ?? true,
		...(options.cwd === undefined ? {} : { cwd: options.cwd }),
		...(options.env === undefined ? {} : { env: definedOnly(options.env) }),
	};
	const child = execa(
		"setpriv",
		["--pdeathsig", "KILL", "--", path, ...args],
		execaOptions,
	);
	const kill = (signal: NodeJS.Signals = "SIGKILL"): void => {
		if (child.pid === undefined) return;
		try {
			process.kill(-child.pid, signal);
		} catch {
			// already gone
		}
	};
	const onAbort = (): void => kill("SIGKILL");
	if (options.signal?.aborted) onAbort();
	options.signal?.addEventListener("abort", onAbort, { once: true });
	running.add(kill);
	const done = (async () => {
		const result = await child;
		running.delete(kill);
		options.signal?.removeEventListener("abort", onAbort);
		return { exitCode: result.exitCode ?? -1 };
	})();
	if (!child.stdin || !child.stdout || !child.stderr || child.pid === undefined)
		throw stepFailure({
			code: "COMMAND_FAILED",
			message: `could not start '${command}'`,
			hint: "is the current folder readable, and is the machine short of memory or processes?",
		});
	return {
		pid: child.pid,
		stdin: child.stdin,
		stdout: child.stdout,
		stderr: child.stderr,
		done,
		kill,
	};
}

/** Runs a program on our own terminal (an editor, an interactive console); returns its exit code. */
export async function runInteractively(
	command: string,
	args: readonly string[],
	options: { cwd?: string } = {},
): Promise<number> {
	const path = findTool(command);
	if (!path)
		throw new ExpectedError(missingToolProblem(command), { exitCode: 1 });
	const result = await execa(path, args, {
		stdio: "inherit",
		reject: false,
		...options,
	});
	return result.exitCode ?? -1;
}

/** The first line of `tool --version`; see `toolVersion`. */
export function versionOf(tool: string): Promise<string> {
	return toolVersion(tool, async (path, args) => {
		const { stdout, stderr } = await run(path, args, {
			okExitCodes: [0, 1],
		});
		return stdout || stderr;
	});
}

const running = new Set<(signal?: NodeJS.Signals) => void>();
// Groups of their own do not get the terminal's Ctrl-C; this is the last net when we exit early.
process.on("exit", () => {
	for (const kill of running) kill("SIGKILL");
});

async function collect(
	stream: Readable,
	into: string[],
	onLine: (line: string) => void,
): Promise<void> {
	stream.setEncoding("utf8");
	let rest = "";
	for await (const chunk of stream) {
		into.push(chunk as string);
		const lines = (rest + (chunk as string)).split(/\r?\n/);
		rest = lines.pop() ?? "";
		for (const line of lines) onLine(maskSecrets(line));
	}
	if (rest) onLine(maskSecrets(rest));
}

function definedOnly(
	env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
	return Object.fromEntries(
		Object.entries(env).filter(
			(entry): entry is [string, string] => entry[1] !== undefined,
		),
	);
}
