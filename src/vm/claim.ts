import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import {
	identifyProcess,
	isRunning,
	ownIdentity,
	type ProcessIdentity,
	signalProcess,
} from "../system/process-identity.ts";
import { readRecord, removeVmFolder, vmFolder, vmsFolder } from "./record.ts";

/** QEMU writes its process number there when it is detached. */
export const pidFileName = "qemu.pid";

const ownerFileName = "owner.json";

/**
 * Takes the name for a new VM: makes its folder, or replaces that of a dead one. The folder appears by a
 * rename and with the starter's identity in it, so that of two starters one wins, and a folder whose
 * starter was killed half-way is known to be dead.
 * @throws ExpectedError (exit code 1) when a VM of that name runs or is just starting.
 */
export async function claimFolder(name: string): Promise<string> {
	const folder = vmFolder(name);
	const temporary = join(
		vmsFolder(),
		`.${name}.${randomBytes(4).toString("hex")}`,
	);
	await mkdir(temporary, { recursive: true, mode: 0o700 });
	try {
		await writeFile(
			join(temporary, ownerFileName),
			JSON.stringify(ownIdentity()),
		);
		for (let attempt = 0; attempt < 3; attempt++) {
			try {
				await rename(temporary, folder);
				return folder;
			} catch (error) {
				const { code } = error as NodeJS.ErrnoException;
				if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
			}
			if (!(await removeIfDead(folder))) break;
		}
	} catch (error) {
		await removeVmFolder(temporary);
		throw error;
	}
	await removeVmFolder(temporary);
	throw new ExpectedError(
		{
			code: "VM_NAME_TAKEN",
			message: `a VM called '${name}' is running already`,
			hint: "stop it first, or give this one another name",
		},
		{ exitCode: 1 },
	);
}

/** Removes the folder of a VM that runs no more; answers whether it did. */
export async function removeIfDead(folder: string): Promise<boolean> {
	const record = await readRecord(folder);
	if (record) {
		if (isRunning(record.qemu)) return false;
	} else {
		const owner = await readOwner(folder);
		if (owner && isRunning(owner)) return false;
		await killOrphan(folder);
	}
	await removeVmFolder(folder);
	return true;
}

/** A starter killed between QEMU's start and the record leaves a QEMU that nobody will ever let go. */
async function killOrphan(folder: string): Promise<void> {
	const pidFile = join(folder, pidFileName);
	const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
	const identity = pid > 0 ? identifyProcess(pid) : undefined;
	if (!identity) return;
	const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(
		() => "",
	);
	if (commandLine.split("\0").includes(pidFile))
		signalProcess(identity, "SIGKILL");
}

async function readOwner(folder: string): Promise<ProcessIdentity | undefined> {
	try {
		return JSON.parse(
			await readFile(join(folder, ownerFileName), "utf8"),
		) as ProcessIdentity;
	} catch {
		return undefined;
	}
}
