import { readFile } from "node:fs/promises";
import * as z from "zod";
import { ExpectedError } from "../system/errors.ts";

/** When a unit started and was there, in seconds since the kernel started. */
export interface BootUnit {
	name: string;
	start: number;
	end: number;
}

/** `systemd-analyze plot --json=short` (systemd 252 and newer); all times in microseconds. */
const plotSchema = z.array(
	z.looseObject({
		name: z.string(),
		activating: z.number().nullish(),
		activated: z.number().nullish(),
		time: z.number().nullish(),
	}),
);

/**
 * A boot's timeline from what `systemd-analyze plot --json=short` printed on the host.
 * @throws ExpectedError (exit code 2) when the file is not that.
 */
export async function readBootTimes(file: string): Promise<BootUnit[]> {
	try {
		return parseBootTimes(await readFile(file, "utf8"));
	} catch (error) {
		throw new ExpectedError(
			{
				code: "BOOT_TIMES_UNREADABLE",
				message: `${file} holds no boot times: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)}`,
				hint: "on the host: systemd-analyze plot --json=short --no-legend > times.json",
			},
			{ cause: error },
		);
	}
}

/** Units that the boot spent time on, and targets, in the order in which they started. Pure. */
export function parseBootTimes(text: string): BootUnit[] {
	// Without --no-legend, "102 Units listed." follows the list.
	const list = text.slice(0, text.lastIndexOf("]") + 1);
	return plotSchema
		.parse(JSON.parse(list))
		.flatMap(({ name, activating, activated, time }) => {
			const start = activating ?? 0;
			if (start === 0) return [];
			const end = Math.max(activated ?? 0, start + (time ?? 0));
			// What is there at once took no part in how long the boot was; targets are its milestones.
			if (end - start < 1000 && !name.endsWith(".target")) return [];
			return [
				{
					name: name.replaceAll(/\\x([0-9a-f]{2})/g, (_, code: string) =>
						String.fromCharCode(Number.parseInt(code, 16)),
					),
					start: start / 1e6,
					end: end / 1e6,
				},
			];
		})
		.sort((a, b) => a.start - b.start || b.end - a.end);
}
