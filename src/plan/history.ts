import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../system/environment.ts";
import { sha256, writeFileAtomically } from "../system/files.ts";
import type { InputRecord, KeyedStep } from "./key.ts";

/** The inputs with which each step of a project last succeeded, by step name. */
export type History = Readonly<Record<string, InputRecord>>;

const historyFile = (project: string): string =>
	join(
		environment().cacheDir,
		"history",
		`${sha256(project).slice(0, 24)}.json`,
	);

/** `project` identifies the config that is built: the absolute paths of its layers. */
export async function readHistory(project: string): Promise<History> {
	try {
		return JSON.parse(await readFile(historyFile(project), "utf8")) as History;
	} catch {
		return {};
	}
}

export async function writeHistory(
	project: string,
	steps: readonly KeyedStep[],
): Promise<void> {
	await writeFileAtomically(
		historyFile(project),
		JSON.stringify(
			Object.fromEntries(steps.map(({ step, inputs }) => [step.name, inputs])),
		),
	);
}
