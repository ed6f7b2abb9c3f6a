import { run } from "../../system/process.ts";
import type { DiskSettings } from "./schema.ts";

/**
 * Signs an EFI program for Secure Boot (Authenticode, by sbsign(1)).
 * @throws ExpectedError (exit code 1) when key or certificate cannot be used.
 */
export async function signEfiProgram(
	program: string,
	target: string,
	keys: NonNullable<DiskSettings["secureBoot"]>,
	signal: AbortSignal | undefined,
): Promise<void> {
	await run(
		"sbsign",
		[
			...["--key", keys.key, "--cert", keys.certificate],
			...["--output", target, program],
		],
		{ signal },
	);
}
