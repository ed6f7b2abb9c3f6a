import { attachTerminal, type Terminal } from "./attach.ts";
import { failureError, type GuestFailure } from "./failures.ts";
import type { RunningVm, ShutdownResult, VmExit } from "./running-vm.ts";

type Outcome =
	| { kind: "exited"; exit: VmExit }
	| { kind: "stopped"; result: ShutdownResult };

/**
 * Shows the console on the terminal until the machine has ended. Ctrl-] or `signal` shut the guest down,
 * and Ctrl-] once more cuts it off. A panic ends the machine with an error, since nothing can follow it; an
 * emergency shell does so only when nobody sits at a keyboard.
 * @throws ExpectedError (exit code 1) when the guest has failed.
 */
export async function runInForeground(
	vm: RunningVm,
	terminal: Terminal,
	tell: (event: { type: "note"; text: string }) => void,
	signal: AbortSignal,
): Promise<Outcome> {
	const interactive = terminal.input.isTTY === true;
	const broken = new AbortController();
	let failure: GuestFailure | undefined;
	const ignore = vm.console.onFailure((found) => {
		if (interactive && found.kind !== "panic") return;
		failure = found;
		broken.abort();
	});
	if (interactive)
		tell({
			type: "note",
			text: "Ctrl-] shuts the machine down, twice cuts it off; all other keys go to it",
		});
	try {
		const stop = AbortSignal.any([signal, broken.signal]);
		const ending = await attachTerminal(vm.console, terminal, stop);
		if (failure) {
			await vm.kill();
			throw failureError(failure, {
				tail: vm.console.tail(),
				logFile: vm.console.logFile,
			});
		}
		if (ending === "closed")
			return { kind: "exited", exit: await vm.waitExit() };
		tell({ type: "note", text: "shutting the machine down" });
		return { kind: "stopped", result: await shutDown(vm, terminal) };
	} finally {
		ignore();
		await vm.kill();
	}
}

/** Shuts down with the console still shown, and cuts off at once at a further Ctrl-]. */
async function shutDown(
	vm: RunningVm,
	terminal: Terminal,
): Promise<ShutdownResult> {
	const done = new AbortController();
	const watching = attachTerminal(vm.console, terminal, done.signal).then(
		async (ending) => {
			if (ending === "escaped") await vm.kill();
		},
	);
	const result = await vm.shutdown();
	done.abort();
	await watching;
	return result;
}
