import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageFile } from "../system/package-files.ts";
import type { InitramfsSettings } from "./schema.ts";

/**
 * Counts changes of the kernel parameters and of what the init leaves under /run/dock0; printed at
 * boot and noted in /run/dock0/boot-info.
 */
export const initVersion = "1";

/** Folder of the init's sources, which are part of the published package. */
export const initFolder = packageFile("src/initramfs/init");

const partLine = /^\. \.\/([a-z]+\.sh)$/;

/**
 * Puts the init together as one script: each line `. ./part.sh` of init.sh gives way to that part,
 * and defaults.sh to the values of the config.
 * @param folder where init.sh and its parts lie; default: the shipped ones.
 */
export async function assembleInit(
	settings: Pick<
		InitramfsSettings,
		"onFailure" | "rebootAfter" | "waitSeconds"
	>,
	folder: string = initFolder,
): Promise<string> {
	const main = await readFile(join(folder, "init.sh"), "utf8");
	const lines = await Promise.all(
		main.split("\n").map(async (line) => {
			const part = partLine.exec(line)?.[1];
			if (part === undefined) return line;
			if (part === "defaults.sh") return defaults(settings);
			return (await readFile(join(folder, part), "utf8")).trimEnd();
		}),
	);
	return lines.join("\n");
}

function defaults(
	settings: Pick<
		InitramfsSettings,
		"onFailure" | "rebootAfter" | "waitSeconds"
	>,
): string {
	return [
		`version=${initVersion}`,
		`onfailure=${settings.onFailure}`,
		`rebootafter=${settings.rebootAfter}`,
		`waitseconds=${settings.waitSeconds}`,
	].join("\n");
}
