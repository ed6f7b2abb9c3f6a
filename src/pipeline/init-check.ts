import { existsSync } from "node:fs";
import { join } from "node:path";
import { initProblem } from "../host/init-files.ts";
import { overlayFolders } from "../rootfs/customise.ts";
import { ExpectedError, type ProblemDetails } from "../system/errors.ts";
import type { Config } from "./schema.ts";

/** Folders whose files one init reads and the other does not. */
const initFolders = ["etc/systemd", "usr/lib/systemd", "lib/systemd", "etc/s6"];

/**
 * Checks that the root has the init that `init` names, and that nothing of the config's own is for the other.
 * @throws ExpectedError (exit code 2) naming each key.
 */
export function checkInit({ init, rootfs }: Config): void {
	const problems: (ProblemDetails | undefined)[] = [];
	if (init === "s6" && !rootfs.packages.includes("s6"))
		problems.push({
			code: "INIT_MISSING",
			message: "init is s6, but rootfs.packages does not have it",
			hint: "extend dock0/s6 or dock0/s6-base, which bring it with its services; init alone changes nothing",
		});
	if (init === "s6" && rootfs.packages.includes("systemd-sysv"))
		problems.push({
			code: "INIT_FOREIGN_FILE",
			message: "rootfs.packages has systemd-sysv, but init is s6",
			hint: "a profile with s6 does not go together with one that has systemd",
		});
	for (const path of Object.keys(rootfs.links))
		problems.push(initProblem(`rootfs.links.${path}`, path, init));
	const shipped = new Set(rootfs.baseOverlay);
	for (const folder of overlayFolders(rootfs))
		for (const inner of initFolders)
			if (!shipped.has(folder) && existsSync(join(folder, inner)))
				problems.push(
					initProblem(`rootfs.overlay ${folder}`, `/${inner}/`, init),
				);
	const found = problems.filter((problem) => problem !== undefined);
	if (found.length > 0) throw new ExpectedError(found);
}
