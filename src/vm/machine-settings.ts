import { homedir } from "node:os";
import { join } from "node:path";
import { environment } from "../system/environment.ts";
import { efiFirmware } from "./firmware.ts";
import { parsePort } from "./ports.ts";
import type { Accelerator, Machine } from "./qemu.ts";
import type { VmSettings } from "./schema.ts";

/**
 * What a machine has of its settings, whatever it boots from.
 * @param options.name names the files that belong to this VM alone.
 * @throws ExpectedError when the EFI firmware is wanted and missing.
 */
export async function machineSettings(
	options: { settings: VmSettings; name: string; reboot: boolean },
	accelerator: Accelerator,
): Promise<Omit<Machine, "drives">> {
	const { settings, name, reboot } = options;
	return {
		memory: settings.memory,
		cpus: settings.cpus,
		accelerator,
		ports: settings.ports.map(parsePort),
		reboot,
		extraArgs: settings.qemuArgs,
		...(settings.firmware === "efi"
			? { efi: await efiFirmware(join(stateFolder(), `${name}.efi-vars`)) }
			: {}),
	};
}

/** Data of the user's that is not a cache: XDG Base Directory Specification, $XDG_STATE_HOME. */
export function stateFolder(): string {
	const base =
		environment().env.XDG_STATE_HOME ?? join(homedir(), ".local", "state");
	return join(base, "dock0");
}
