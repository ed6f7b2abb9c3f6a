import { randomBytes } from "node:crypto";
import type { RunningVm } from "../../../src/vm/running-vm.ts";

/** What a command in the guest said and how it ended. */
export interface GuestAnswer {
	exitCode: number;
	output: string;
}

/** A shell in a booted guest, on the serial console (test/hosts/overlay: e2e-shell.service). */
export interface GuestShell {
	/** Runs a line of shell; output is what came on standard output and error, trimmed. */
	ask(line: string, timeoutSeconds?: number): Promise<GuestAnswer>;
	/** The same, and fails unless the exit code is 0. */
	get(line: string, timeoutSeconds?: number): Promise<string>;
}

/** Waits for the guest's shell. */
export async function guestShell(
	vm: RunningVm,
	timeoutSeconds: number,
): Promise<GuestShell> {
	await vm.console.waitFor(/E2E-SHELL/, { timeoutSeconds });
	const ask = async (line: string, seconds = 60): Promise<GuestAnswer> => {
		// The terminal does not echo, so that the marker only comes back with answers. The bar at the end tells
		// a whole line from one that is still coming.
		const marker = randomBytes(6).toString("hex");
		const lines: string[] = [];
		vm.console.write(
			[
				`{ ${line}`,
				"} >/run/e2e-out 2>&1 </dev/null",
				`code=$?; sed "s/^/${marker}|/; s/$/|/" /run/e2e-out; echo "${marker}:$code|"`,
				"",
			].join("\n"),
		);
		for (;;) {
			const match = await vm.console.waitFor(
				new RegExp(`${marker}(?:\\|(.*)|:(\\d+))\\|`),
				{ timeoutSeconds: seconds },
			);
			if (match[2] !== undefined)
				return { exitCode: Number(match[2]), output: lines.join("\n").trim() };
			lines.push(match[1] ?? "");
		}
	};
	return {
		ask,
		async get(line, seconds) {
			const { exitCode, output } = await ask(line, seconds);
			if (exitCode !== 0)
				throw new Error(`'${line}' ended with ${exitCode}: ${output}`);
			return output;
		},
	};
}
