import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageFile } from "../system/package-files.ts";

it.each(["profiles", "templates"])(
	"%s holds no symbolic link, which npm would leave out of the package",
	async (folder) => {
		const entries = await readdir(packageFile(folder), {
			recursive: true,
			withFileTypes: true,
		});
		expect(entries.length).toBeGreaterThan(10);
		expect(
			entries
				.filter((entry) => entry.isSymbolicLink())
				.map((entry) => join(entry.parentPath, entry.name)),
		).toEqual([]);
	},
);
