import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { ExpectedError } from "../../system/errors.ts";
import type { Phase } from "../script.ts";

export interface ScriptFile {
	/** For people, e.g. `chroot/10-users.sh`. */
	name: string;
	path: string;
	kind: "module" | "executable";
}

const moduleExtensions = new Set([".ts", ".mts", ".js", ".mjs", ".cjs"]);

/**
 * The scripts of a phase in the order in which they run: by name. Files directly in the folder are
 * rootfs scripts, before those of `rootfs/`, as they were in the first dock0. Folders in a phase hold
 * what scripts read; hidden files, backups (`~`) and `.md` are no scripts.
 * @throws ExpectedError (exit code 2) for a file that is neither a module nor executable.
 */
export async function findScripts(
	folder: string,
	phase: Phase,
): Promise<ScriptFile[]> {
	const flat = phase === "rootfs" ? await readScripts(folder, "") : [];
	return [...flat, ...(await readScripts(join(folder, phase), `${phase}/`))];
}

async function readScripts(
	folder: string,
	prefix: string,
): Promise<ScriptFile[]> {
	if (!existsSync(folder)) return [];
	const scripts: ScriptFile[] = [];
	for (const name of (await readdir(folder)).sort()) {
		if (/^\.|~$|\.md$|\.d\.ts$/.test(name)) continue;
		const path = join(folder, name);
		const stats = await stat(path);
		if (!stats.isFile()) continue;
		if (moduleExtensions.has(extname(name)))
			scripts.push({ name: prefix + name, path, kind: "module" });
		else if (stats.mode & 0o111)
			scripts.push({ name: prefix + name, path, kind: "executable" });
		else
			throw new ExpectedError({
				code: "SCRIPT_NOT_EXECUTABLE",
				message: `the script ${path} is neither executable nor a TypeScript or JavaScript module`,
				hint: `chmod +x ${path}, or move it into a folder of its own if it is no script`,
			});
	}
	return scripts;
}
