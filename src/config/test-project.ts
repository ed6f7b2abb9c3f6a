import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { z } from "zod";
import { ExpectedError, type ProblemDetails } from "../system/errors.ts";
import { loadConfig, type ResolvedConfig } from "./load-config.ts";
import { testSchema } from "./test-schema.ts";

type Config = z.infer<typeof testSchema>;

/** The least that the test schema accepts. */
export const minimum = "name: web\nrootfs:\n  backend: debian\n";

/** Writes files into a folder of their own that goes away with the test. */
export async function project(files: Record<string, string>): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), "dock0-config-"));
	onTestFinished(() => rm(folder, { recursive: true, force: true }));
	for (const [name, content] of Object.entries(files)) {
		await mkdir(dirname(join(folder, name)), { recursive: true });
		await writeFile(join(folder, name), content);
	}
	return folder;
}

/** Loads `names` (default: all files that are not in a folder) of a fresh project. */
export async function load(
	files: Record<string, string>,
	names: readonly string[] = Object.keys(files).filter(
		(name) => !name.includes("/"),
	),
	environment: Record<string, string> = {},
): Promise<ResolvedConfig<Config> & { folder: string }> {
	const folder = await project(files);
	const config = await loadConfig({
		schema: testSchema,
		files: names,
		directory: folder,
		profilesDir: join(folder, "profiles"),
		environment,
	});
	return { ...config, folder };
}

/** The problems that loading gives. */
export async function problemsOf(
	...args: Parameters<typeof load>
): Promise<readonly ProblemDetails[]> {
	try {
		await load(...args);
	} catch (error) {
		if (error instanceof ExpectedError) return error.problems;
		throw error;
	}
	return [];
}
