import { watch } from "node:fs";
import { join } from "node:path";
import type { ProcessIdentity } from "../system/process-identity.ts";
import { signalProcess } from "../system/process-identity.ts";
import type { GuestConsole } from "./console.ts";
import { failureError, guestError } from "./failures.ts";
import type { PortForward } from "./ports.ts";
import { channelNames, readyPortName } from "./qemu.ts";
import type { Qmp } from "./qmp.ts";
import { saidReady } from "./record.ts";
import { type WaitOptions, waitForEvent } from "./wait.ts";

export interface VmExit {
	/** QEMU's exit code, -1 when a signal ended it; undefined for a detached VM, which is not our child. */
	exitCode?: number;
	/** QEMU's word for why: `guest-shutdown`, `guest-reset`, `host-qmp-quit`…; undefined when it was killed. */
	reason?: string;
}

/** How `shutdown` ended: the guest powered off, or was cut off after the limit. */
export type ShutdownResult = "powered-off" | "cut-off";

/** A virtual machine that runs. */
export interface RunningVm {
	readonly name: string;
	readonly pid: number;
	/** With the real numbers where 0 was asked for. */
	readonly ports: readonly PortForward[];
	readonly console: GuestConsole;
	/**
	 * Waits until the guest writes `READY` to the virtio-serial port `dock0.ready`.
	 * @throws like `console.waitFor`.
	 */
	waitReady(options: WaitOptions): Promise<void>;
	/** Settles when the machine has ended, for whatever reason; never rejects. */
	waitExit(): Promise<VmExit>;
	/** Presses the power button, and cuts the power off when the guest has not ended after `limitSeconds` (60). */
	shutdown(options?: { limitSeconds?: number }): Promise<ShutdownResult>;
	/** Kills QEMU at once. */
	kill(): Promise<void>;
	/** Stops listening to a detached VM, which runs on. */
	disconnect(): void;
}

export interface VmParts {
	name: string;
	folder: string;
	qemu: ProcessIdentity;
	ports: readonly PortForward[];
	console: GuestConsole;
	monitor: Qmp;
	/** Settles when QEMU has ended. */
	ended: Promise<{ exitCode?: number }>;
	disconnect(): void;
}

/** Joins the connections to a QEMU into a `RunningVm`. */
export function runningVm(parts: VmParts): RunningVm {
	const { folder, monitor, qemu } = parts;
	let reason: string | undefined;
	monitor.onEvent(({ event, data }) => {
		if (event === "SHUTDOWN" && typeof data.reason === "string")
			reason = data.reason;
	});
	const exited = parts.ended.then(
		({ exitCode }): VmExit => ({
			...(exitCode === undefined ? {} : { exitCode }),
			...(reason === undefined ? {} : { reason }),
		}),
	);

	const kill = async (): Promise<void> => {
		signalProcess(qemu, "SIGKILL");
		await exited;
	};
	return {
		name: parts.name,
		pid: qemu.pid,
		ports: parts.ports,
		console: parts.console,
		waitReady: (options) => waitReady(folder, parts.console, exited, options),
		waitExit: () => exited,
		shutdown: ({ limitSeconds = 60 } = {}) =>
			shutdown({ monitor, exited, kill, limitSeconds }),
		kill,
		disconnect: parts.disconnect,
	};
}

/** Power button, then `quit`, then SIGKILL; each only when the one before did not end QEMU. */
export async function shutdown(options: {
	monitor: Qmp;
	exited: Promise<unknown>;
	kill(): Promise<void>;
	limitSeconds: number;
}): Promise<ShutdownResult> {
	const { monitor, exited, limitSeconds } = options;
	// The monitor refuses only when QEMU is ending anyway.
	const tell = (command: string): Promise<unknown> =>
		monitor.execute(command).catch(() => undefined);
	void tell("system_powerdown");
	if (await endsWithin(exited, limitSeconds)) return "powered-off";
	void tell("quit");
	if (!(await endsWithin(exited, 10))) await options.kill();
	return "cut-off";
}

async function endsWithin(
	exited: Promise<unknown>,
	seconds: number,
): Promise<boolean> {
	let timer: NodeJS.Timeout | undefined;
	const limit = new Promise<boolean>((resolve) => {
		timer = setTimeout(() => resolve(false), seconds * 1000);
	});
	try {
		return await Promise.race([exited.then(() => true), limit]);
	} finally {
		clearTimeout(timer);
	}
}

function waitReady(
	folder: string,
	console: GuestConsole,
	exited: Promise<VmExit>,
	options: WaitOptions,
): Promise<void> {
	const guest = () => ({ tail: console.tail(), logFile: console.logFile });
	return waitForEvent<void>(
		({ resolve, reject }) => {
			const check = (): void => {
				void saidReady(folder).then((ready) => {
					if (ready) resolve();
				});
			};
			const watcher = watch(join(folder, channelNames.ready), check);
			watcher.on("error", reject);
			check();
			const onFailure = console.onFailure((failure) =>
				reject(failureError(failure, guest())),
			);
			void exited.then(() =>
				reject(
					guestError(
						"VM_EXITED",
						"the machine ended before it was ready",
						guest(),
					),
				),
			);
			return () => {
				watcher.close();
				onFailure();
			};
		},
		{
			...options,
			onTimeout: () =>
				guestError(
					"VM_TIMEOUT",
					`the guest was not ready within ${options.timeoutSeconds} s`,
					{
						...guest(),
						hint: `readiness is the line READY on its virtio port ${readyPortName}`,
					},
				),
		},
	);
}
