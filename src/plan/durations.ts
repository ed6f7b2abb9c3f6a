import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../system/environment.ts";
import { writeFileAtomically } from "../system/files.ts";

/** How long each step took when it last ran, in seconds, by its name. */
export type Durations = Readonly<Record<string, number>>;

const durationsFile = (): string =>
	join(environment().cacheDir, "durations.json");

/** Empty when nothing ran yet. */
export async function readDurations(): Promise<Durations> {
	try {
		return JSON.parse(await readFile(durationsFile(), "utf8")) as Durations;
	} catch {
		return {};
	}
}

/** Adds what ran now. Two builds at once may lose one's numbers, which are guesses anyway. */
export async function addDurations(ran: Durations): Promise<void> {
	if (Object.keys(ran).length === 0) return;
	await writeFileAtomically(
		durationsFile(),
		JSON.stringify({ ...(await readDurations()), ...ran }),
	);
}
