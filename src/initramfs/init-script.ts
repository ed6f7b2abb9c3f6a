import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageFile } from "../system/package-files.ts";
import type { InitramfsSettings } from "./schema.ts";
import type { StateSettings } from "./state-schema.ts";

/** What of the config the init knows; kernel parameters override most of it. */
export type InitSettings = Pick<
	InitramfsSettings,
	"onFailure" | "rebootAfter" | "waitSeconds"
> & { state: StateSettings };

/**
 * Counts changes of the kernel parameters and of what the init leaves under /run/dock0; printed at
 * boot and noted in /run/dock0/boot-info.
 */
export const initVersion = "2";

/** Folder of the init's sources, which are part of the published package. */
export const initFolder = packageFile("src/initramfs/init");

const partLine = /^\. \.\/([a-z]+\.sh)$/;

/**
 * Puts the init together as one script: each line `. ./part.sh` of init.sh gives way to that part,
 * and defaults.sh to the values of the config.
 * @param folder where init.sh and its parts lie; default: the shipped ones.
 */
export async function assembleInit(
	settings: InitSettings,
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

function defaults(settings: InitSettings): string {
	const { state } = settings;
	return [
		`version=${initVersion}`,
		`onfailure=${settings.onFailure}`,
		`rebootafter=${settings.rebootAfter}`,
		`waitseconds=${settings.waitSeconds}`,
		`statefs=${state.filesystem}`,
		`statelabel=${state.label}`,
		`stateinit=${state.init}`,
		`stategrow=${state.grow ? "on" : ""}`,
		`statecheck=${state.check ? "on" : ""}`,
		`stateencryption='${state.encryption}'`,
		`statekey='${state.key ?? ""}'`,
		`statepcrs='${state.pcrs.join("+")}'`,
	].join("\n");
}
