import { basename, dirname, extname, join, resolve } from "node:path";
import { findConfigFile } from "../config/find-config.ts";
import { loadConfig, type ResolvedConfig } from "../config/load-config.ts";
import { secretsOf } from "../host/secrets.ts";
import { environment } from "../system/environment.ts";
import { packageFile } from "../system/package-files.ts";
import { registerSecret } from "../system/secrets.ts";
import { type Config, configSchema } from "./schema.ts";

/** A resolved config and what it is called. */
export interface Project {
	config: ResolvedConfig<Config>;
	name: string;
	/** Folder of the first layer; `build/` is made in it. */
	directory: string;
	/** The folder that paths of the command line count from: the current one, or that of `-C`. */
	startedIn: string;
	/** The layers' absolute paths: what makes this project another than its neighbours. */
	identity: string;
}

/**
 * Finds, stacks and validates the layers.
 * @throws ExpectedError (exit code 2) with every problem that was found.
 */
export async function loadProject(options: {
	files: readonly string[];
	directory?: string | undefined;
}): Promise<Project> {
	const start = resolve(options.directory ?? ".");
	const files =
		options.files.length > 0
			? options.files.map((file) => resolve(start, file))
			: [findConfigFile(start)];
	const config = await loadConfig({
		schema: configSchema,
		files,
		directory: start,
		profilesDir: packageFile("profiles"),
		environment: environment().env,
	});
	for (const secret of secretsOf(config.value.host)) registerSecret(secret);
	const last = files.at(-1) ?? start;
	return {
		config,
		name: config.value.name ?? nameAfter(last),
		directory: dirname(files[0] ?? start),
		startedIn: start,
		identity: files.join("\n"),
	};
}

function nameAfter(file: string): string {
	const stem = basename(file, extname(file));
	const word = stem === "dock0" ? basename(dirname(file)) : stem;
	const legal = word
		.toLowerCase()
		.replaceAll(/[^a-z0-9-]+/g, "-")
		.replaceAll(/^-+|-+$/g, "");
	return legal || "host";
}

/** Where a project's release is put. */
export function releaseFolder(project: Project, output?: string): string {
	return join(
		output
			? resolve(project.startedIn, output)
			: join(project.directory, "build"),
		project.name,
	);
}
