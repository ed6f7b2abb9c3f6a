import { join } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import { signalProcess } from "../system/process-identity.ts";
import { removeIfDead } from "./claim.ts";
import { createConsole, type GuestConsole } from "./console.ts";
import { channelNames } from "./qemu.ts";
import { openQmp } from "./qmp.ts";
import {
	findVm,
	type ListedVm,
	removeVmFolder,
	vmFolder,
	vmNames,
	vmsFolder,
} from "./record.ts";
import { type ShutdownResult, shutdown } from "./running-vm.ts";
import { connectIn } from "./socket.ts";

export { findVm, type ListedVm } from "./record.ts";

/** How long a monitor may take to greet: another command may be using it. */
const answerSeconds = 10;

/** All running VMs of this user, sorted by name; what dead ones left is removed. */
export async function listVms(): Promise<ListedVm[]> {
	const running: ListedVm[] = [];
	for (const name of await vmNames()) {
		const vm = await findVm(name);
		if (vm) running.push(vm);
		else await removeIfDead(join(vmsFolder(), name));
	}
	return running;
}

/**
 * Connects to the console of a running, detached VM. It begins with what the guest prints from now on; the
 * log file has what came before. Only one can be connected at a time: a second one sees nothing.
 * @throws ExpectedError (exit code 2) when there is none of that name.
 */
export async function connectConsole(
	name: string,
): Promise<{ console: GuestConsole; disconnect(): void }> {
	const { logFile } = await requireVm(name);
	const serial = await connectIn(vmFolder(name), channelNames.serial);
	return {
		console: createConsole(serial, logFile),
		disconnect: () => serial.destroy(),
	};
}

/**
 * Stops a running VM by its power button, and cuts it off after `limitSeconds` (60). One whose monitor
 * does not answer is told to end by SIGTERM, which QEMU obeys without asking the guest.
 * @throws ExpectedError (exit code 2) when there is none of that name.
 */
export async function stopVm(
	name: string,
	options: { limitSeconds?: number } = {},
): Promise<ShutdownResult> {
	const record = await requireVm(name);
	const folder = vmFolder(name);
	const socket = await connectIn(folder, channelNames.monitor).catch(
		() => undefined,
	);
	const unanswered = setTimeout(() => {
		signalProcess(record.qemu, "SIGTERM");
	}, answerSeconds * 1000);
	try {
		if (!socket) throw new Error("nobody listens");
		const monitor = await openQmp(socket, socket);
		clearTimeout(unanswered);
		return await shutdown({
			monitor,
			exited: monitor.closed,
			kill: async () => {
				signalProcess(record.qemu, "SIGKILL");
			},
			limitSeconds: options.limitSeconds ?? 60,
		});
	} catch {
		signalProcess(record.qemu, "SIGTERM");
		return "cut-off";
	} finally {
		clearTimeout(unanswered);
		await removeVmFolder(folder);
	}
}

async function requireVm(name: string): Promise<ListedVm> {
	const vm = await findVm(name);
	if (vm) return vm;
	const names = (await listVms()).map((running) => running.name);
	throw new ExpectedError({
		code: "VM_NOT_FOUND",
		message: `no VM called '${name}' is running`,
		hint: names.length ? `running: ${names.join(", ")}` : "none is running",
	});
}
