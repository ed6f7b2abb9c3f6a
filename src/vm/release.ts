import { interruptSignal } from "../system/cleanup.ts";
import { type Choice, chooseAccelerator } from "./accelerator.ts";
import type { Terminal } from "./attach.ts";
import { bootVm } from "./boot.ts";
import { type DiskMachineOptions, diskMachine } from "./disk-machine.ts";
import { runInForeground } from "./foreground.ts";
import type { Accelerator, Machine } from "./qemu.ts";
import {
	type ReleaseMachineOptions,
	releaseMachine,
} from "./release-machine.ts";
import type { RunningVm, ShutdownResult, VmExit } from "./running-vm.ts";

/** What `bootRelease` does after the start. */
export type BootMode =
	/** The console on the terminal, until the guest ends or the user ends it. */
	| { kind: "foreground"; terminal: Terminal }
	/** Leaves the VM running; with `readySeconds` only once the guest is ready. */
	| { kind: "detach"; readySeconds?: number }
	/** Until a console line matches, or without a pattern until the guest is ready; then it is shut down. */
	| { kind: "until"; pattern?: RegExp; timeoutSeconds: number };

/** What happens to a machine while it boots. */
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
	| { type: "kept-disk"; file: string; created: boolean }
	/** Raw console output, in mode `until`. */
	| { type: "output"; chunk: Uint8Array }
	| { type: "ready"; seconds: number }
	/** A sentence for the person at the terminal. */
	| { type: "note"; text: string };

interface BootSettings {
	mode: BootMode;
	/** Absolute; default `vm-logs/NAME.log` in the cache. */
	logFile?: string;
	onEvent?: (event: BootEvent) => void;
}

export interface BootReleaseOptions
	extends BootSettings,
		Omit<ReleaseMachineOptions, "reboot" | "onStateDisk"> {}

export interface BootDiskOptions
	extends BootSettings,
		Omit<DiskMachineOptions, "reboot" | "onDisk"> {}

/** How a boot ended, by its mode. */
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
	return await bootMachine(options, releaseMaker(options));
}

function releaseMaker(
	options: Omit<ReleaseMachineOptions, "reboot" | "onStateDisk">,
): MachineMaker {
	return (accelerator, reboot, tell) =>
		releaseMachine(
			{
				...options,
				reboot,
				onStateDisk: (disk) => tell({ type: "state-disk", ...disk }),
			},
			accelerator,
		);
}

/**
 * Starts a release in QEMU like `bootRelease`, and leaves it to the caller; however we end, it ends with us.
 * @throws ExpectedError (exit code 1) when QEMU does not start.
 */
export async function startRelease(
	options: Omit<BootReleaseOptions, "mode">,
): Promise<RunningVm> {
	const { vm } = await startMachine(
		{ ...options, reboot: true, detach: false },
		releaseMaker(options),
	);
	return vm;
}

/**
 * Boots a disk image by the firmware, as a real machine does; otherwise like `bootRelease`.
 * @throws ExpectedError, likewise.
 */
export async function bootDisk(options: BootDiskOptions): Promise<BootOutcome> {
	return await bootMachine(options, (accelerator, reboot, tell) =>
		diskMachine(
			{
				...options,
				reboot,
				onDisk: (disk) => tell({ type: "kept-disk", ...disk }),
			},
			accelerator,
		),
	);
}

type MachineMaker = (
	accelerator: Accelerator,
	reboot: boolean,
	tell: (event: BootEvent) => void,
) => Promise<Machine>;

type MachineOptions = Pick<ReleaseMachineOptions, "name" | "settings"> &
	Omit<BootSettings, "mode">;

async function startMachine(
	options: MachineOptions & { reboot: boolean; detach: boolean },
	make: MachineMaker,
): Promise<{ vm: RunningVm; seconds: () => number }> {
	const { name, detach } = options;
	const tell = options.onEvent ?? (() => undefined);
	const acceleration = await chooseAccelerator(options.settings.accel);
	const machine = await make(acceleration.accelerator, options.reboot, tell);
	const begun = performance.now();
	const vm = await bootVm({
		name,
		machine,
		detach,
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
	return { vm, seconds: () => (performance.now() - begun) / 1000 };
}

async function bootMachine(
	options: MachineOptions & BootSettings,
	make: MachineMaker,
): Promise<BootOutcome> {
	const { name, mode } = options;
	const tell = options.onEvent ?? (() => undefined);
	const { vm, seconds } = await startMachine(
		{
			...options,
			// A test that waits for something wants to hear of a reboot as an end.
			reboot: mode.kind !== "until",
			detach: mode.kind === "detach",
		},
		make,
	);
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
