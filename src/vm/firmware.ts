import { existsSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import type { EfiFirmware } from "./qemu.ts";

/** Where distributions put OVMF: Debian's package ovmf, Arch's edk2-ovmf. */
const images = [
	["/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"],
	["/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"],
	[
		"/usr/share/edk2/x64/OVMF_CODE.4m.fd",
		"/usr/share/edk2/x64/OVMF_VARS.4m.fd",
	],
] as const;

/**
 * Finds OVMF and copies its variables to `variables`, unless that file exists (it keeps boot entries).
 * @throws ExpectedError (exit code 1) when OVMF is not installed.
 */
export async function efiFirmware(variables: string): Promise<EfiFirmware> {
	const found = images.find((pair) => pair.every((path) => existsSync(path)));
	if (!found)
		throw new ExpectedError(
			{
				code: "TOOL_MISSING",
				message: "the EFI firmware OVMF is not installed on this machine",
				hint: "on Debian: apt-get install ovmf",
			},
			{ exitCode: 1 },
		);
	const [code, template] = found;
	if (!existsSync(variables)) {
		await mkdir(dirname(variables), { recursive: true });
		await copyFile(template, variables);
	}
	return { code, variables };
}
