import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { environment } from "../system/environment.ts";
import { ExpectedError, stepFailure } from "../system/errors.ts";
import { run, start } from "../system/process.ts";
import {
	identifyProcess,
	type ProcessIdentity,
} from "../system/process-identity.ts";
import { claimFolder, pidFileName, removeIfDead } from "./claim.ts";
import { createConsole } from "./console.ts";
import { resolvePorts } from "./ports.ts";
import { channelNames, type Machine, qemuArguments } from "./qemu.ts";
import { openQmp, type Qmp } from "./qmp.ts";
import { removeVmFolder, writeRecord } from "./record.ts";
import { type RunningVm, runningVm } from "./running-vm.ts";
import { connectIn } from "./socket.ts";
import { startFailure } from "./start-failure.ts";

const qemu = "qemu-system-x86_64";

export interface BootOptions {
	/** Unique among running VMs of this user. */
	name: string;
	machine: Machine;
	/** The VM outlives us; see detach.ts for finding it again. Default false: it dies with us, however we end. */
	detach?: boolean;
	/** Absolute; default `vm-logs/NAME.log` in the cache. Overwritten. */
	logFile?: string;
	/** When aborted, the VM is killed at once (for a clean end use `shutdown`). */
	signal?: AbortSignal | undefined;
}

interface Qemu {
	identity: ProcessIdentity;
	monitor: Qmp;
	ended: Promise<{ exitCode?: number }>;
	kill(): void;
}

/**
 * Starts a machine in QEMU and gives its handle as soon as its processor runs.
 * @throws ExpectedError: VM_NAME_TAKEN, VM_PORT_BUSY, VM_DISK_BUSY, VM_START_FAILED, TOOL_MISSING.
 */
export async function bootVm(options: BootOptions): Promise<RunningVm> {
	const { name, machine, signal } = options;
	signal?.throwIfAborted();
	const logFile =
		options.logFile ?? join(environment().cacheDir, "vm-logs", `${name}.log`);
	const folder = await claimFolder(name);
	let started: Qemu | undefined;
	try {
		await mkdir(dirname(logFile), { recursive: true });
		const args = qemuArguments(machine, {
			logFile,
			monitor: options.detach ? "socket" : "stdio",
		});
		started = options.detach
			? await startDetached(folder, args, signal)
			: await startAttached(folder, args, signal);
		const { monitor, identity } = started;
		const serial = await connectIn(folder, channelNames.serial);
		const console = createConsole(serial, logFile);
		const usernet = await monitor.execute("human-monitor-command", {
			"command-line": "info usernet",
		});
		const ports = resolvePorts(machine.ports, String(usernet));
		await writeRecord({
			name,
			qemu: identity,
			ports,
			logFile,
			startedAt: new Date().toISOString(),
			detached: options.detach === true,
		});
		const vm = runningVm({
			name,
			folder,
			qemu: identity,
			ports,
			console,
			monitor,
			// The console's last bytes may arrive after the end of the process is known.
			ended: started.ended.then(async (exit) => {
				await console.closed;
				// Of a detached VM we may only have hung up.
				if (options.detach) await removeIfDead(folder);
				else await removeVmFolder(folder);
				return exit;
			}),
			disconnect() {
				serial.destroy();
				monitor.disconnect();
			},
		});
		await monitor.execute("cont");
		return vm;
	} catch (error) {
		started?.kill();
		await started?.ended;
		await removeVmFolder(folder);
		throw error;
	}
}

/** QEMU as our child: it speaks QMP on its standard output, and its greeting says that its sockets are there. */
async function startAttached(
	folder: string,
	args: readonly string[],
	signal: AbortSignal | undefined,
): Promise<Qemu> {
	const child = start(qemu, args, { cwd: folder, signal });
	let complaint = "";
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		complaint = (complaint + text).slice(-4000);
	});
	let monitor: Qmp;
	try {
		monitor = await openQmp(child.stdout, child.stdin);
	} catch {
		await child.done;
		signal?.throwIfAborted();
		throw startFailure(complaint);
	}
	const identity = identifyProcess(child.pid);
	if (!identity) throw startFailure(complaint);
	return { identity, monitor, ended: child.done, kill: child.kill };
}

/** QEMU in a session of its own: with `-daemonize` its first process ends when its sockets are there. */
async function startDetached(
	folder: string,
	args: readonly string[],
	signal: AbortSignal | undefined,
): Promise<Qemu> {
	const pidFile = join(folder, pidFileName);
	try {
		await run(qemu, [...args, "-daemonize", "-pidfile", pidFile], {
			cwd: folder,
			signal,
		});
	} catch (error) {
		if (error instanceof ExpectedError && error.code === "COMMAND_FAILED")
			throw startFailure(error.message.split("\n").slice(1).join("\n"));
		throw error;
	}
	const pid = Number(await readFile(pidFile, "utf8"));
	const identity = identifyProcess(pid);
	if (!identity)
		throw stepFailure({
			code: "VM_START_FAILED",
			message: "QEMU ended right after its start",
		});
	const kill = (): void => {
		process.kill(pid, "SIGKILL");
	};
	try {
		const socket = await connectIn(folder, channelNames.monitor);
		const monitor = await openQmp(socket, socket);
		signal?.addEventListener("abort", kill, { once: true });
		const ended = monitor.closed.then(() => {
			signal?.removeEventListener("abort", kill);
			return {};
		});
		return { identity, monitor, ended, kill };
	} catch (error) {
		kill();
		throw error;
	}
}
