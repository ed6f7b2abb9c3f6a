import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import { machineSettings, stateFolder } from "./machine-settings.ts";
import type { Accelerator, Drive, Machine } from "./qemu.ts";
import type { VmSettings } from "./schema.ts";
import { ensureStateDisk, guestMakesIt, stateLabel } from "./state-disk.ts";

export interface ReleaseMachineOptions {
	/** Holds `vmlinuz`, `initramfs` and the root image. */
	folder: string;
	/** Name of the root image in `folder`. */
	rootFile: string;
	settings: VmSettings;
	/** The host's bundle, which becomes a disk of its own. */
	bundle?: string | undefined;
	/** Kernel parameters of the release, before `settings.append`. */
	kernelParameters?: readonly string[];
	/** Names the files that belong to this VM alone. */
	name: string;
	/** Default `dock0/NAME.state.img` in $XDG_STATE_HOME (~/.local/state). */
	stateFile?: string;
	/** The config's `state`; default: a plain ext4 volume. */
	state?: Parameters<typeof guestMakesIt>[0];
	/** With `false` the machine ends when the guest reboots. */
	reboot: boolean;
	onStateDisk?: (disk: { file: string; created: boolean }) => void;
}

/**
 * The machine of a release: its root is the first disk, then comes the bundle if there is one, and last
 * the state disk, made if it is wanted and missing.
 * @throws ExpectedError (exit code 1) when a file of the release is missing.
 */
export async function releaseMachine(
	options: ReleaseMachineOptions,
	accelerator: Accelerator,
): Promise<Machine> {
	const { settings, folder } = options;
	const drives: Drive[] = [
		{
			file: await releaseFile(folder, options.rootFile),
			format: "raw",
			readonly: true,
			serial: "dock0-root",
		},
	];
	const parameters = ["console=ttyS0", "dock0.root=/dev/vda"];
	if (options.bundle !== undefined) {
		drives.push({
			file: await realpath(options.bundle),
			format: "raw",
			readonly: true,
			serial: "dock0-bundle",
		});
		parameters.push("dock0.extra=/dev/vdb");
	}
	if (settings.state !== undefined) {
		const file =
			options.stateFile ?? join(stateFolder(), `${options.name}.state.img`);
		const empty = options.state !== undefined && guestMakesIt(options.state);
		const { created } = await ensureStateDisk(file, settings.state, {
			empty,
		});
		options.onStateDisk?.({ file, created });
		drives.push({ file, format: "raw", serial: "dock0-state" });
		parameters.push(
			// An empty disk has no label yet; the guest counts disks by letters.
			`dock0.state=${empty ? `/dev/vd${"abc"[drives.length - 1]}` : `LABEL=${stateLabel}`}`,
		);
	}
	return {
		kernel: await releaseFile(folder, "vmlinuz"),
		initrd: await releaseFile(folder, "initramfs"),
		cmdline: [
			...parameters,
			"quiet",
			// The kernel's test of the timer fails, and panics, when the emulating process gets no processor for a while.
			...(accelerator === "tcg" ? ["no_timer_check"] : []),
			...(options.kernelParameters ?? []),
			...settings.append,
		].join(" "),
		drives,
		...(await machineSettings(options, accelerator)),
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
