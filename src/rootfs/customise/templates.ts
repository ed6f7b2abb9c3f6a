import { lstat, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { stepFailure } from "../../system/errors.ts";
import { fileMode } from "../../system/package-files.ts";
import type { TemplateSource } from "./job.ts";
import { placeOverlay } from "./overlay.ts";
import { ownerIds } from "./owners.ts";
import { type Destination, placeFile, rootOwner } from "./place.ts";
import { renderTemplate } from "./render.ts";

const extension = ".eta";

/**
 * Renders a template, or a folder of them, into the tree. `NAME.eta` becomes `NAME`; in a folder, other
 * files are copied as they are, while a single file is always rendered.
 * @returns how many files were placed.
 * @throws ExpectedError (exit code 1) that names the template and the line.
 */
export async function placeTemplates(
	to: Destination,
	source: TemplateSource,
	config: unknown,
): Promise<number> {
	const stats = await lstat(source.from);
	const render = async (file: string, path: string): Promise<void> => {
		const mode = source.mode
			? Number.parseInt(source.mode, 8)
			: fileMode(file, await lstat(file));
		const owner = source.owner ? ownerIds(to.tree, source.owner) : rootOwner;
		const text = renderTemplate(file, await readFile(file, "utf8"), config);
		await placeFile(to, path, { bytes: text }, { mode, owner });
	};
	if (stats.isDirectory())
		return placeOverlay(
			to,
			source.from,
			source.to ?? "/",
			async (file, path) => {
				if (!file.endsWith(extension)) return false;
				await render(file, path.slice(0, -extension.length));
				return true;
			},
		);
	if (source.to === undefined)
		throw stepFailure({
			code: "TEMPLATE_NO_TARGET",
			message: `the template ${source.from} is a file, and its 'to' is not set`,
			hint: "write {from: FILE, to: /path/in/the/root}, or name a folder of templates",
		});
	const target = source.to.endsWith("/")
		? join(source.to, basename(source.from, extension))
		: source.to;
	await render(source.from, target);
	return 1;
}
