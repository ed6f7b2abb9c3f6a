import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Writes what dock0 itself puts into a root into a new folder. */
export async function writeOwn(
	folder: string,
	files: Readonly<Record<string, string>>,
	links: Readonly<Record<string, string>>,
): Promise<void> {
	await mkdir(folder);
	for (const [path, text] of Object.entries(files)) {
		await mkdir(join(folder, dirname(path)), { recursive: true });
		await writeFile(join(folder, path), text);
	}
	for (const [path, target] of Object.entries(links)) {
		await mkdir(join(folder, dirname(path)), { recursive: true });
		await symlink(target, join(folder, path));
	}
}
