import { realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { interruptSignal } from "../system/cleanup.ts";
import { environment } from "../system/environment.ts";
import { ExpectedError } from "../system/errors.ts";
import { type Choice, chooseAccelerator } from "./accelerator.ts";
import type { Terminal } from "./attach.ts";
import { bootVm } from "./boot.ts";
import { efiFirmware } from "./firmware.ts";
import { runInForeground } from "./foreground.ts";
import { parsePort } from "./ports.ts";
import type { Drive, Machine } from "./qemu.ts";
import type { RunningVm, ShutdownResult, VmExit } from "./running-vm.ts";
import type { VmSettings } from "./schema.ts";
import { ensureStateDisk, stateLabel } from "./state-disk.ts";

/** What `bootRelease` does after the start. */
export type BootMode =
	/** The console on the terminal, until the guest ends or the user ends it. */
	| { kind: "foreground"; terminal: Terminal }
	/** Leaves the VM running; with `readySeconds` only once the guest is ready. */
	| { kind: "detach"; readySeconds?: number }
	/** Until a console line matches, or without a pattern until the guest is ready; then it is shut down. */
	| { kind: "until"; pattern?: RegExp; timeoutSeconds: number };

export type BootEvent =
	| {
			type: "started";
			name: string;
			pid: number;
			ports: RunningVm["ports"];
			logFile: string;
			acceleration: Choice;
	  }
	| { type: "state-disk"; file: string; created: boolean }
	/** Raw console output, in mode `until`. */
	| { type: "output"; chunk: Uint8Array }
	| { type: "ready"; seconds: number }
	/** A sentence for the person at the terminal. */
	| { type: "note"; text: string };

export interface BootReleaseOptions {
	/** Holds `vmlinuz`, `initramfs` and `root.squashfs`. */
	folder: string;
	settings: VmSettings;
	/** Kernel parameters of the release, before `settings.append`. */
	kernelParameters?: readonly string[];
	name: string;
	mode: BootMode;
	/** Default `dock0/NAME.state.img` in $XDG_STATE_HOME (~/.local/state). */
	stateFile?: string;
	logFile?: string;
	onEvent?: (event: BootEvent) => void;
}

export type BootOutcome =
	| { kind: "exited"; exit: VmExit }
	| { kind: "stopped"; result: ShutdownResult }
	| { kind: "detached"; name: string; pid: number; ports: RunningVm["ports"] }
	| { kind: "reached"; line: string; seconds: number; result: ShutdownResult };

/**
 * Boots a release in QEMU: its kernel and initramfs directly, its root as the first disk, read-only, and
 * the state disk as the second. In the modes `foreground` and `until` nothing runs any more afterwards,
 * and SIGINT or SIGTERM shut the guest down cleanly (a second one kills it).
 * @throws ExpectedError (exit code 1) when QEMU does not start, or the guest fails or is late.
 */
export async function bootRelease(
	options: BootReleaseOptions,
): Promise<BootOutcome> {
	const { name, mode, settings } = options;
	const tell = options.onEvent ?? (() => undefined);
	const acceleration = await chooseAccelerator(settings.accel);
	const machine = await releaseMachine(options, acceleration, tell);
	const begun = performance.now();
	const seconds = (): number => (performance.now() - begun) / 1000;
	const vm = await bootVm({
		name,
		machine,
		detach: mode.kind === "detach",
		...(options.logFile === undefined ? {} : { logFile: options.logFile }),
	});
	tell({
		type: "started",
		name,
		pid: vm.pid,
		ports: vm.ports,
		logFile: vm.console.logFile,
		acceleration,
	});
	const signal = interruptSignal();
	switch (mode.kind) {
		case "detach":
			try {
				if (mode.readySeconds !== undefined) {
					await vm.waitReady({ timeoutSeconds: mode.readySeconds, signal });
					tell({ type: "ready", seconds: seconds() });
				}
			} catch (error) {
				await vm.kill();
				throw error;
			}
			vm.disconnect();
			return { kind: "detached", name, pid: vm.pid, ports: vm.ports };
		case "until":
			vm.console.onOutput((chunk) => tell({ type: "output", chunk }));
			return await runUntil(vm, mode, seconds, signal);
		case "foreground":
			return await runInForeground(vm, mode.terminal, tell, signal);
	}
}

async function runUntil(
	vm: RunningVm,
	mode: Extract<BootMode, { kind: "until" }>,
	seconds: () => number,
	signal: AbortSignal,
): Promise<BootOutcome> {
	const wait = { timeoutSeconds: mode.timeoutSeconds, signal };
	try {
		let line = "READY";
		if (mode.pattern)
			line = (await vm.console.waitFor(mode.pattern, wait)).input;
		else await vm.waitReady(wait);
		const reached = seconds();
		return {
			kind: "reached",
			line,
			seconds: reached,
			result: await vm.shutdown(),
		};
	} catch (error) {
		if (signal.aborted) await vm.shutdown();
		else await vm.kill();
		throw error;
	}
}

/** The machine of a release; makes the state disk if it is wanted and missing. */
async function releaseMachine(
	options: BootReleaseOptions,
	acceleration: Choice,
	tell: (event: BootEvent) => void,
): Promise<Machine> {
	const { settings, folder } = options;
	const drives: Drive[] = [
		{
			file: await releaseFile(folder, "root.squashfs"),
			format: "raw",
			readonly: true,
			serial: "dock0-root",
		},
	];
	const parameters = ["console=ttyS0", "dock0.root=/dev/vda"];
	if (settings.state !== undefined) {
		const file =
			options.stateFile ?? join(stateFolder(), `${options.name}.state.img`);
		const { created } = await ensureStateDisk(file, settings.state);
		tell({ type: "state-disk", file, created });
		drives.push({ file, format: "raw", serial: "dock0-state" });
		parameters.push(`dock0.state=LABEL=${stateLabel}`);
	}
	return {
		kernel: await releaseFile(folder, "vmlinuz"),
		initrd: await releaseFile(folder, "initramfs"),
		cmdline: [
			...parameters,
			"quiet",
			...(options.kernelParameters ?? []),
			...settings.append,
		].join(" "),
		drives,
		memory: settings.memory,
		cpus: settings.cpus,
		accelerator: acceleration.accelerator,
		ports: settings.ports.map(parsePort),
		// A test that waits for something wants to hear of a reboot as an end.
		reboot: options.mode.kind !== "until",
		extraArgs: settings.qemuArgs,
		...(settings.firmware === "efi"
			? {
					efi: await efiFirmware(
						join(stateFolder(), `${options.name}.efi-vars`),
					),
				}
			: {}),
	};
}

/** The release's file behind the links, since a rebuild flips them while the VM runs. */
async function releaseFile(folder: string, name: string): Promise<string> {
	try {
		return await realpath(join(folder, name));
	} catch {
		throw new ExpectedError(
			{
				code: "RELEASE_INCOMPLETE",
				message: `there is no ${name} in ${folder}`,
				hint: "build it first: dock0 build",
			},
			{ exitCode: 1 },
		);
	}
}

/** Data of the user's that is not a cache: XDG Base Directory Specification, $XDG_STATE_HOME. */
function stateFolder(): string {
	const base =
		environment().env.XDG_STATE_HOME ?? join(homedir(), ".local", "state");
	return join(base, "dock0");
}
