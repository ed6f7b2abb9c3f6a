import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { BackendContext, PackageFile } from "../backend.ts";
import { parseOrigin } from "./package-list.ts";

/** The packages that the indexes in a pacman database (its `sync/`) offer, with their files. */
export async function offeredFiles(
	context: Pick<BackendContext, "run">,
	database: string,
): Promise<PackageFile[]> {
	const folder = join(database, "sync");
	const files: PackageFile[] = [];
	if (!existsSync(folder)) return files;
	for (const name of (await readdir(folder)).sort()) {
		if (!name.endsWith(".db")) continue;
		const repository = name.slice(0, -".db".length);
		// Every `desc` of the archive, one after the other; each begins with its %FILENAME%.
		const { stdout } = await context.run(
			"bsdtar",
			["-xOf", join(folder, name), "*/desc"],
			{ onLine: () => {}, okExitCodes: [0, 1] },
		);
		for (const text of stdout.split(/^(?=%FILENAME%$)/m)) {
			if (text.trim() === "") continue;
			const {
				name: pkg,
				version,
				arch,
				file,
				sha256,
				bytes,
			} = parseOrigin(text);
			files.push({ name: pkg, version, arch, repository, file, sha256, bytes });
		}
	}
	return files;
}
