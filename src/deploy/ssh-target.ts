import type { Writable } from "node:stream";
import { type ExpectedError, stepFailure } from "../system/errors.ts";
import { type RunningProcess, start } from "../system/process.ts";
import { maskSecrets } from "../system/secrets.ts";

/** How to reach a host by the system's ssh client. */
export interface SshTarget {
	/** `user@host`, or a name of ssh_config(5). */
	destination: string;
	port?: number | undefined;
	/** As whom ssh logs in, where that is known; else the destination tells. */
	user?: string;
	/** Further arguments of ssh(1). */
	options: readonly string[];
}

export interface RemoteAnswer {
	exitCode: number;
	stdout: string;
	stderr: string;
}

/** ssh's own failures, told apart from the command's: ssh(1), exit status. */
const sshFailed = 255;

/**
 * The arguments of ssh(1) that run `command`. Nothing is asked for: a key that needs a passphrase has
 * to be in an agent. A host that does not answer is given up after ten seconds.
 */
export function sshArguments(
	{ destination, port, options }: SshTarget,
	command: string,
): string[] {
	return [
		// The first value of an option counts: ssh_config(5).
		...options,
		...["-o", "BatchMode=yes", "-o", "ConnectTimeout=10"],
		...["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"],
		...(port === undefined ? [] : ["-p", String(port)]),
		"--",
		destination,
		command,
	];
}

/**
 * Runs a command on the host as root, by sudo unless the login is root's own.
 * @returns its answer, whatever its exit code.
 * @throws ExpectedError (exit code 1) when the host cannot be reached.
 */
export async function askAsRoot(
	target: SshTarget,
	command: string,
	options: {
		input?: Uint8Array;
		signal?: AbortSignal | undefined;
		onLine?: (line: string) => void;
		/** What to answer to a line, if anything; without it the command's standard input ends at once. */
		reply?: (line: string) => string | undefined;
	} = {},
): Promise<RemoteAnswer> {
	const child = startAsRoot(target, command, options.signal);
	const { reply, onLine } = options;
	if (!reply) child.stdin.end(options.input ?? "");
	const onAnswer = (line: string): void => {
		const words = reply?.(line);
		if (words === undefined) onLine?.(line);
		else child.stdin.end(`${words}\n`);
	};
	return answerOf(target, child, options.signal, onAnswer);
}

/**
 * The same for more input than fits into memory.
 * @param write writes it; what it does not write when the stream is destroyed is not missed.
 */
export async function sendAsRoot(
	target: SshTarget,
	command: string,
	write: (stdin: Writable) => Promise<void>,
	signal: AbortSignal,
): Promise<RemoteAnswer> {
	const child = startAsRoot(target, command, signal);
	const [answer] = await Promise.all([
		answerOf(target, child, signal),
		write(child.stdin).finally(() => child.stdin.end()),
	]);
	return answer;
}

function startAsRoot(
	target: SshTarget,
	command: string,
	signal: AbortSignal | undefined,
): RunningProcess {
	const isRoot =
		target.user === undefined
			? target.destination.startsWith("root@")
			: target.user === "root";
	const words = isRoot ? command : `sudo -n ${command}`;
	const child = start("ssh", sshArguments(target, words), { signal });
	child.stdin.on("error", () => {
		// EPIPE: what ssh says of it is the message
	});
	return child;
}

async function answerOf(
	target: SshTarget,
	child: RunningProcess,
	signal: AbortSignal | undefined,
	onLine?: (line: string) => void,
): Promise<RemoteAnswer> {
	const [stdout, stderr, { exitCode }] = await Promise.all([
		textOf(child.stdout, onLine),
		textOf(child.stderr),
		child.done,
	]);
	signal?.throwIfAborted();
	if (exitCode === sshFailed || exitCode < 0)
		throw stepFailure({
			code: "HOST_UNREACHABLE",
			message: `cannot reach ${target.destination}: ${lastLine(stderr)}`,
			hint: "host.push or deploy.ssh says where; try the same by ssh",
		});
	return { exitCode, stdout, stderr };
}

/** The error for an answer that is a failure. */
export function refusal(
	target: SshTarget,
	answer: RemoteAnswer,
): ExpectedError {
	const said = answer.stderr || answer.stdout;
	return stepFailure({
		code: "HOST_REFUSED",
		message: `${target.destination}: ${maskSecrets(said.trim()) || `exit code ${answer.exitCode}`}`,
		hint: /sudo:|not found/.test(said)
			? "the login needs sudo, and the host a root of profile dock0/host"
			: "the host runs on with what it had before",
	});
}

async function textOf(
	stream: NodeJS.ReadableStream,
	onLine?: (line: string) => void,
): Promise<string> {
	let text = "";
	let told = 0;
	stream.setEncoding("utf8");
	for await (const chunk of stream) {
		text += String(chunk);
		for (
			let end = text.indexOf("\n", told);
			end >= 0;
			end = text.indexOf("\n", told)
		) {
			onLine?.(maskSecrets(text.slice(told, end)));
			told = end + 1;
		}
	}
	return text;
}

function lastLine(text: string): string {
	return text.trim().split("\n").at(-1) ?? "";
}
