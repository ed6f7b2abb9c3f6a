import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readTextIfThere } from "../system/files.ts";
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
	return assemble(folder, "init.sh", { "defaults.sh": defaults(settings) });
}

/** Folder of the installer's own sources. */
export const installerFolder = packageFile("src/initramfs/installer");

/** The installer's first process as one script: install.sh with its parts, some of which are the init's. */
export function assembleInstaller(): Promise<string> {
	return assemble(installerFolder, "install.sh", {});
}

async function assemble(
	folder: string,
	main: string,
	given: Readonly<Record<string, string>>,
): Promise<string> {
	const text = await readFile(join(folder, main), "utf8");
	const lines = await Promise.all(
		text.split("\n").map(async (line) => {
			const part = partLine.exec(line)?.[1];
			if (part === undefined) return line;
			if (given[part] !== undefined) return given[part];
			const own = await readTextIfThere(join(folder, part));
			return (
				own ?? (await readFile(join(initFolder, part), "utf8"))
			).trimEnd();
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
