import type { Duplex } from "node:stream";
import {
	failureError,
	findFailure,
	type GuestFailure,
	guestError,
} from "./failures.ts";
import { createTranscript, type Position } from "./transcript.ts";
import { type WaitOptions, waitForEvent } from "./wait.ts";

/** How many lines of the console an error shows. */
const shownLines = 30;

/** The guest's serial console. */
export interface GuestConsole {
	/** QEMU writes all output there, from the first byte, whoever listens. */
	readonly logFile: string;
	/** Complete lines without control sequences, from the first one until the machine ends. */
	lines(): AsyncIterable<string>;
	/** Called with each piece of raw output; returns what stops that. */
	onOutput(listener: (chunk: Uint8Array) => void): () => void;
	/**
	 * Waits until a line (a prompt without line end counts too) matches, and gives the match. The search
	 * begins where the match of the previous call ended, at first with the first line.
	 * @throws ExpectedError with the last lines: VM_TIMEOUT, VM_EXITED, or at once when a line says that the
	 * guest has failed (VM_GUEST_PANIC, VM_GUEST_FAILED, VM_GUEST_EMERGENCY) and the pattern does not match it.
	 */
	waitFor(pattern: RegExp, options: WaitOptions): Promise<RegExpExecArray>;
	/** Calls `listener` with the first line, past ones included, that says that the guest has failed; returns what stops that. */
	onFailure(listener: (failure: GuestFailure) => void): () => void;
	/** Types `text` at the guest's console. */
	write(text: string | Uint8Array): void;
	/** The last `count` lines, by default 30. */
	tail(count?: number): string[];
	/** Settles when the machine has closed its console. */
	readonly closed: Promise<void>;
}

/** Reads the console from a connection to QEMU's serial socket. */
export function createConsole(stream: Duplex, logFile: string): GuestConsole {
	const transcript = createTranscript();
	const outputListeners = new Set<(chunk: Uint8Array) => void>();
	const changeListeners = new Set<() => void>();
	let ended = false;
	let cursor: Position = { line: 0, column: 0 };

	const changed = (): void => {
		for (const listener of [...changeListeners]) listener();
	};
	stream.on("data", (chunk: Buffer) => {
		transcript.add(chunk);
		for (const listener of outputListeners) listener(chunk);
		changed();
	});
	stream.on("error", () => {
		// "close" follows
	});
	const closed = new Promise<void>((resolve) => {
		stream.once("close", () => {
			ended = true;
			resolve();
			changed();
		});
	});

	const tail = (count = shownLines): string[] => transcript.tail(count);

	async function* lines(): AsyncGenerator<string> {
		for (let next = transcript.first; ; next++) {
			while (next >= transcript.lineCount) {
				if (ended) {
					if (transcript.partial) yield transcript.partial;
					return;
				}
				await new Promise<void>((resolve) => {
					const once = (): void => {
						changeListeners.delete(once);
						resolve();
					};
					changeListeners.add(once);
				});
			}
			next = Math.max(next, transcript.first);
			yield transcript.lineAt(next) ?? "";
		}
	}

	const waitFor: GuestConsole["waitFor"] = (pattern, options) => {
		// With g or y, exec() would remember places in other lines.
		const regex = new RegExp(pattern, pattern.flags.replace(/[gy]/g, ""));
		const guest = () => ({ tail: tail(), logFile });
		return waitForEvent<RegExpExecArray>(
			({ resolve, reject }) => {
				let at = cursor;
				const scan = (): void => {
					for (; at.line <= transcript.lineCount; at = startOf(at.line + 1)) {
						const complete = at.line < transcript.lineCount;
						const whole = complete
							? (transcript.lineAt(at.line) ?? "")
							: transcript.partial;
						const text = whole.slice(at.column);
						const match = regex.exec(text);
						if (match) {
							const end = at.column + match.index + match[0].length;
							cursor = complete
								? startOf(at.line + 1)
								: { line: at.line, column: end };
							resolve(match);
							return;
						}
						if (!complete) break;
						const failure = findFailure(text);
						if (failure) {
							reject(failureError(failure, guest()));
							return;
						}
					}
					if (ended)
						reject(
							guestError(
								"VM_EXITED",
								`the machine ended before its console showed ${pattern}`,
								guest(),
							),
						);
				};
				changeListeners.add(scan);
				scan();
				return () => changeListeners.delete(scan);
			},
			{
				...options,
				onTimeout: () =>
					guestError(
						"VM_TIMEOUT",
						`the console did not show ${pattern} within ${options.timeoutSeconds} s`,
						guest(),
					),
			},
		);
	};

	return {
		logFile,
		lines,
		onOutput(listener) {
			outputListeners.add(listener);
			return () => outputListeners.delete(listener);
		},
		waitFor,
		onFailure(listener) {
			let next = transcript.first;
			const scan = (): void => {
				for (; next < transcript.lineCount; next++) {
					const failure = findFailure(transcript.lineAt(next) ?? "");
					if (!failure) continue;
					changeListeners.delete(scan);
					listener(failure);
					return;
				}
			};
			changeListeners.add(scan);
			scan();
			return () => changeListeners.delete(scan);
		},
		write: (text) => {
			stream.write(text);
		},
		tail,
		closed,
	};
}

function startOf(line: number): Position {
	return { line, column: 0 };
}
