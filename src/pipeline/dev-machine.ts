import { setTimeout as sleep } from "node:timers/promises";
import { pushBundle } from "../deploy/push.ts";
import { ExpectedError } from "../system/errors.ts";
import { parsePort } from "../vm/ports.ts";
import { type BootEvent, startRelease } from "../vm/release.ts";
import type { RunningVm } from "../vm/running-vm.ts";
import type { VmSettings } from "../vm/schema.ts";
import { builtRelease } from "./boot.ts";
import { bundleFolder, hostOf } from "./bundle.ts";
import type { Project } from "./project.ts";
import { administratorOf, targetOf } from "./push.ts";

export type MachineEvent =
	| BootEvent
	/** What the running host says of the bundle that it takes. */
	| { type: "host"; line: string }
	/** The machine ended by itself. */
	| { type: "ended"; reason?: string };

/** A host that is ready makes its first ssh key only then; emulated, that takes a while. */
const sshSeconds = 30;

/** What a machine was started from. */
export interface MachineContent {
	/** Stands for all that only a restart can change. */
	base: string;
	/** SHA-256 of the bundle in force. */
	bundle: string | undefined;
}

/** The machine of `dock0 dev`. */
export interface DevMachine {
	is: MachineContent;
	vm: RunningVm;
	isRunning(): boolean;
	waitReady: RunningVm["waitReady"];
	/** Shuts it down by its power button; nothing when it has ended. */
	stop(): Promise<void>;
}

interface MachineOptions {
	output?: string | undefined;
	tell: (event: MachineEvent) => void;
}

/** The port by which the bundle goes in, which a config need not forward. */
function settingsOf(project: Project): VmSettings {
	const { vm, host } = project.config.value;
	if (!host || administratorOf(project) === undefined) return vm;
	const { port } = host.ssh;
	const isThere = vm.ports
		.map(parsePort)
		.some(({ guest, protocol }) => guest === port && protocol === "tcp");
	return isThere ? vm : { ...vm, ports: [...vm.ports, `0:${port}`] };
}

/** @param built the release's folder, not a link to it, and the bundle's SHA-256. */
export function wantedMachine(
	project: Project,
	built: { release: string; bundle: string | undefined },
): MachineContent {
	const { release, bundle } = built;
	const { name } = project;
	const { host, state } = project.config.value;
	const hasBundle = host !== undefined;
	return {
		base: JSON.stringify({
			...{ release, name, hasBundle, state },
			vm: settingsOf(project),
		}),
		bundle,
	};
}

/** Starts what was built. @throws ExpectedError (exit code 1) when QEMU does not start. */
export async function startMachine(
	project: Project,
	is: MachineContent,
	{ output, tell }: MachineOptions,
): Promise<DevMachine> {
	let running = true;
	let stopping = false;
	const vm = await startRelease({
		...(await builtRelease(project, output)),
		name: project.name,
		settings: settingsOf(project),
		state: project.config.value.state,
		onEvent: tell,
	});
	vm.console.onOutput((chunk) => tell({ type: "output", chunk }));
	const ended = vm.waitExit().then(({ reason }) => {
		running = false;
		if (!stopping) tell({ type: "ended", ...(reason ? { reason } : {}) });
	});
	return {
		is,
		vm,
		isRunning: () => running,
		waitReady: (options) => vm.waitReady(options),
		async stop() {
			if (!running) return;
			stopping = true;
			tell({ type: "note", text: "shutting the machine down" });
			await vm.shutdown();
			await ended;
		},
	};
}

/**
 * Sends the project's bundle into the running machine.
 * @returns why that cannot be done; undefined when it is in force.
 * @throws ExpectedError (exit code 1) when the host refuses it, or undoes it.
 */
export async function pushToMachine(
	{ vm }: DevMachine,
	project: Project,
	options: MachineOptions & { signal: AbortSignal },
): Promise<string | undefined> {
	const host = hostOf(project);
	const user = administratorOf(project);
	if (user === undefined)
		return "host.users has nobody with sudo who could bring the bundle in";
	const port = vm.ports.find(
		({ guest, protocol }) => guest === host.ssh.port && protocol === "tcp",
	);
	const target = targetOf(project, {
		to: `${user}@${port?.address.replace("0.0.0.0", "127.0.0.1") ?? "127.0.0.1"}`,
		port: port?.host,
	});
	const push = (): Promise<unknown> =>
		pushBundle(
			{
				...target,
				options: [
					// The machine is our own, and makes itself a new key whenever it has no state.
					...["-o", "StrictHostKeyChecking=no"],
					...["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"],
					...target.options,
				],
			},
			bundleFolder(project, options.output),
			{
				confirmSeconds: host.push.confirmSeconds,
				signal: options.signal,
				onLine: (line) => options.tell({ type: "host", line }),
			},
		);
	const deadline = performance.now() + sshSeconds * 1000;
	for (;;)
		try {
			await push();
			return undefined;
		} catch (error) {
			if (
				!(error instanceof ExpectedError) ||
				error.code !== "HOST_UNREACHABLE"
			)
				throw error;
			if (
				performance.now() > deadline ||
				error.message.includes("Permission denied")
			)
				return `the bundle cannot be brought in by ssh (${error.message})`;
			await sleep(1000, undefined, { signal: options.signal });
		}
}
