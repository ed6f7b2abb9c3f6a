import type { Readable, Writable } from "node:stream";
import { interruptSignal } from "../system/cleanup.ts";
import type { GuestConsole } from "./console.ts";

/** The user's terminal; `process.stdin` and `process.stdout` fit. */
export interface Terminal {
	input: Readable & { isTTY?: boolean; setRawMode?(raw: boolean): unknown };
	output: Writable & { isTTY?: boolean };
}

/** Ctrl-], as telnet(1) and virsh(1) have it: Ctrl-C and all other keys belong to the guest. */
const escapeByte = 0x1d;

/**
 * Joins the guest's console to the terminal until the machine ends (`closed`), the user presses Ctrl-]
 * (`escaped`), or `stop` is aborted (`stopped`). On a terminal every key goes to the guest unchanged;
 * without one, only output is shown. The terminal's mode is restored however this ends.
 */
export async function attachTerminal(
	guest: GuestConsole,
	terminal: Terminal,
	stop: AbortSignal = interruptSignal(),
): Promise<"closed" | "escaped" | "stopped"> {
	const { input, output } = terminal;
	const quiet = guest.onOutput((chunk) => {
		output.write(chunk);
	});
	const keyboard = input.isTTY === true && input.setRawMode !== undefined;
	const endings: Promise<"closed" | "escaped" | "stopped">[] = [
		guest.closed.then(() => "closed" as const),
		aborted(stop).then(() => "stopped" as const),
	];
	let release = (): void => {};
	if (keyboard) {
		endings.push(
			new Promise((resolve) => {
				release = readKeyboard(terminal, guest, () => resolve("escaped"));
			}),
		);
	}
	try {
		return await Promise.race(endings);
	} finally {
		quiet();
		release();
	}
}

/** Sends keys to the guest; returns what gives the terminal back. */
function readKeyboard(
	{ input, output }: Terminal,
	guest: GuestConsole,
	onEscape: () => void,
): () => void {
	const onKeys = (keys: Buffer): void => {
		const end = keys.indexOf(escapeByte);
		const typed = end < 0 ? keys : keys.subarray(0, end);
		if (typed.length) guest.write(typed);
		if (end >= 0) onEscape();
	};
	const restore = (): void => {
		input.setRawMode?.(false);
	};
	input.setRawMode?.(true);
	// The last net: a crash of ours must not leave the user's shell without echo.
	process.on("exit", restore);
	input.on("data", onKeys);
	input.resume();
	return () => {
		input.off("data", onKeys);
		input.pause();
		restore();
		process.off("exit", restore);
		// The guest may have left colours on or the cursor hidden (ECMA-48 SGR 0, DECTCEM).
		output.write("\u001b[0m\u001b[?25h\r\n");
	};
}

function aborted(signal: AbortSignal): Promise<void> {
	if (signal.aborted) return Promise.resolve();
	return new Promise((resolve) => {
		signal.addEventListener("abort", () => resolve(), { once: true });
	});
}
