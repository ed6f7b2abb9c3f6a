import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let root: string | undefined;

/**
 * Absolute path of a file that ships with dock0, given relative to the package's root; works from the
 * sources and from the bundle alike.
 */
export function packageFile(path: string): string {
	root ??= findRoot();
	return join(root, path);
}

/** Our own version, from package.json. */
export function packageVersion(): string {
	const text = readFileSync(packageFile("package.json"), "utf8");
	return (JSON.parse(text) as { version: string }).version;
}

function findRoot(): string {
	let folder = dirname(fileURLToPath(import.meta.url));
	while (!existsSync(join(folder, "package.json"))) {
		const parent = dirname(folder);
		if (parent === folder) throw new Error("package.json of dock0 not found");
		folder = parent;
	}
	return folder;
}
