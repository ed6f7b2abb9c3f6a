import { readFileSync, statSync } from "node:fs";
import { access, constants, readFile } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { environment } from "../system/environment.ts";
import { ExpectedError } from "../system/errors.ts";
import { sha256, writeFileAtomically } from "../system/files.ts";
import { versionOf } from "../system/process.ts";
import { guestRuns } from "./probe.ts";
import type { Accelerator } from "./qemu.ts";

/** What is at /dev/kvm: nothing, a device that we may not open, or one that opens (which proves little). */
export type KvmDevice = "absent" | "denied" | "opens";

export interface Choice {
	accelerator: Accelerator;
	/** Why, for people. */
	reason: string;
}

const kvmPath = "/dev/kvm";

/**
 * Chooses how QEMU runs the guest. `auto` boots a tiny guest under KVM, because /dev/kvm may open and
 * then never run anything, and remembers the answer until the next boot of this machine.
 * @throws ExpectedError (exit code 1) when `kvm` is demanded and its device cannot be opened.
 */
export async function chooseAccelerator(
	wanted: "auto" | "kvm" | "tcg",
): Promise<Choice> {
	const device = await kvmDevice();
	const works =
		wanted === "auto" && device === "opens" ? await kvmWorks() : undefined;
	return decide(wanted, device, works);
}

/** The decision table of `chooseAccelerator`; `works` is the probe's answer where it was asked. */
export function decide(
	wanted: "auto" | "kvm" | "tcg",
	device: KvmDevice,
	works: boolean | undefined,
): Choice {
	if (wanted === "tcg")
		return { accelerator: "tcg", reason: "the config demands it" };
	const obstacle = {
		absent: `this machine has no ${kvmPath}`,
		denied: `${kvmPath} may not be opened by ${environment().userName}`,
		opens: undefined,
	}[device];
	if (wanted === "kvm") {
		if (obstacle)
			throw new ExpectedError(
				{
					code: "VM_KVM_MISSING",
					message: `KVM is demanded, but ${obstacle}`,
					hint:
						device === "denied"
							? "add the user to the group kvm, or set vm.accel to auto"
							: "set vm.accel to auto or tcg",
				},
				{ exitCode: 1 },
			);
		return { accelerator: "kvm", reason: "the config demands it" };
	}
	if (obstacle) return { accelerator: "tcg", reason: obstacle };
	return works
		? { accelerator: "kvm", reason: "a guest ran under KVM" }
		: {
				accelerator: "tcg",
				reason: `${kvmPath} opens, but a tiny guest did not run under KVM`,
			};
}

async function kvmDevice(): Promise<KvmDevice> {
	try {
		await access(kvmPath, constants.R_OK | constants.W_OK);
		return "opens";
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "ENOENT"
			? "absent"
			: "denied";
	}
}

async function kvmWorks(): Promise<boolean> {
	const key = sha256(
		JSON.stringify([
			release(),
			await versionOf("qemu-system-x86_64"),
			statSync(kvmPath).mtimeMs,
			// random(4): new at each boot of this machine
			readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
		]),
	);
	const file = join(environment().cacheDir, "kvm-probe.json");
	const remembered = await readAnswer(file);
	if (remembered?.key === key) return remembered.works;
	const works = await guestRuns("kvm");
	await writeFileAtomically(file, JSON.stringify({ key, works }));
	return works;
}

async function readAnswer(
	file: string,
): Promise<{ key: string; works: boolean } | undefined> {
	try {
		return JSON.parse(await readFile(file, "utf8")) as {
			key: string;
			works: boolean;
		};
	} catch {
		return undefined;
	}
}
