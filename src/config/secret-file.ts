import { readFileSync, statSync } from "node:fs";

/** Keys, certificates and passwords are far below this. */
const largestSecret = 1024 * 1024;

/** The text of the file that `${file:PATH}` names without one trailing newline, or why it cannot be had. */
export function readSecretFile(
	path: string,
): { text: string } | { error: string } {
	try {
		const found = statSync(path);
		if (found.isDirectory()) return { error: `'${path}' is a folder` };
		if (!found.isFile()) return { error: `'${path}' is not an ordinary file` };
		if (found.size > largestSecret)
			return { error: `'${path}' is larger than ${largestSecret / 1024} KiB` };
		const text = new TextDecoder("utf-8", { fatal: true }).decode(
			readFileSync(path),
		);
		return { text: text.replace(/\r?\n$/, "") };
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === "ENOENT" || code === "ENOTDIR")
			return { error: `there is no file '${path}'` };
		if (error instanceof TypeError)
			return { error: `'${path}' is not UTF-8 text` };
		return { error: `'${path}' cannot be read (${code ?? String(error)})` };
	}
}
