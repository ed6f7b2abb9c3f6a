import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { environment } from "../system/environment.ts";
import { ExpectedError } from "../system/errors.ts";
import { writeFileAtomically } from "../system/files.ts";
import { isRunning } from "../system/process-identity.ts";
import { channelNames } from "./qemu.ts";

const identitySchema = z.object({
	pid: z.int(),
	startTime: z.number(),
	bootId: z.string(),
});

/** What is written about a running VM, so that other commands find it: `vms/NAME/vm.json` in the cache. */
const recordSchema = z.object({
	name: z.string(),
	/** QEMU's process. */
	qemu: identitySchema,
	ports: z.array(
		z.object({
			address: z.string(),
			host: z.int(),
			guest: z.int(),
			protocol: z.enum(["tcp", "udp"]),
		}),
	),
	logFile: z.string(),
	/** ISO 8601 */
	startedAt: z.string(),
	/** Whether it outlives the command that started it. */
	detached: z.boolean(),
});

export type VmRecord = z.infer<typeof recordSchema>;

export interface ListedVm extends VmRecord {
	/** Whether the guest has told that it is ready. */
	ready: boolean;
}

const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/i;

/** The folder of all running VMs. */
export function vmsFolder(): string {
	return join(environment().cacheDir, "vms");
}

/** The folder of the VM `name`. @throws ExpectedError (exit code 2) when that cannot be a VM's name. */
export function vmFolder(name: string): string {
	if (!namePattern.test(name))
		throw new ExpectedError({
			code: "VM_NAME_INVALID",
			message: `'${name}' cannot be the name of a VM`,
			hint: "use letters, digits, dots, dashes and underscores, at most 63",
		});
	return join(vmsFolder(), name);
}

/** Writes the record; from then on `listVms` shows the VM. */
export async function writeRecord(record: VmRecord): Promise<void> {
	await writeFileAtomically(
		join(vmFolder(record.name), "vm.json"),
		`${JSON.stringify(record, null, "\t")}\n`,
		{ mode: 0o600 },
	);
}

/** The running VM `name`, or undefined. */
export async function findVm(name: string): Promise<ListedVm | undefined> {
	const record = await readRecord(vmFolder(name));
	if (!record || !isRunning(record.qemu)) return undefined;
	return { ...record, ready: await saidReady(vmFolder(name)) };
}

/** Whether the guest has written `READY` to its port. */
export async function saidReady(folder: string): Promise<boolean> {
	const said = await readFile(join(folder, channelNames.ready), "utf8").catch(
		() => "",
	);
	return /^READY\b/m.test(said);
}

/** The record in a VM's folder; undefined while there is none (it may just be starting). */
export async function readRecord(
	folder: string,
): Promise<VmRecord | undefined> {
	try {
		const text = await readFile(join(folder, "vm.json"), "utf8");
		return recordSchema.parse(JSON.parse(text));
	} catch {
		return undefined;
	}
}

/** Names of all VM folders, dead ones included. */
export async function vmNames(): Promise<string[]> {
	const names = await readdir(vmsFolder()).catch(() => []);
	return names.filter((name) => namePattern.test(name)).sort();
}

/** Removes a VM's folder. Its console log lies elsewhere and stays. */
export async function removeVmFolder(folder: string): Promise<void> {
	await rm(folder, { recursive: true, force: true });
}
