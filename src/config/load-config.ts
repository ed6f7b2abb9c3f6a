import { dirname, resolve } from "node:path";
import type { z } from "zod";
import { ExpectedError, type Where } from "../system/errors.ts";
import { type Explanation, explainAll } from "./explain.ts";
import { findConfigFile } from "./find-config.ts";
import { type Json, type KeyPath, showPath } from "./json.ts";
import { type Layer, placeOf } from "./layer.ts";
import { stackLayers } from "./layers.ts";
import { locate } from "./located.ts";
import { absoluteDefaults, pathsIn } from "./paths.ts";
import { gatherProblems } from "./problems.ts";
import { redact } from "./redact.ts";
import { resolveReferences } from "./references.ts";
import { suggestion } from "./suggest.ts";
import { validate } from "./validate.ts";

export interface LoadOptions<T> {
	/** The whole config; `extends` is not part of it. */
	readonly schema: z.ZodType<T>;
	/** Lowest first; when empty, the config of `directory` is found by itself. */
	readonly files: readonly string[];
	/** What `files` are relative to; default the current folder. */
	readonly directory?: string;
	/** Where the shipped profiles lie, `NAME.yaml` for `dock0/NAME`. */
	readonly profilesDir: string;
	/** What `${env:NAME}` sees. */
	readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface ResolvedConfig<T> {
	/** Validated, defaults filled in, paths absolute. */
	readonly value: T;
	/** Lowest first, with what was extended. */
	readonly layers: readonly Layer[];
	/** Absolute paths of files whose text stands in the config by `${file:…}`. */
	readonly readFiles: readonly string[];
	/** Values that came from the environment or a file, also in part or by way of other keys. */
	readonly secretPaths: readonly KeyPath[];
	/**
	 * How the settings at or below `key` (dotted; default all) got their values, secrets masked.
	 * @throws ExpectedError when there is no such key
	 */
	explain(key?: string): Explanation[];
	/** Where the value was written; undefined for defaults. */
	whereOf(path: KeyPath): Where | undefined;
	/** Absolute paths of the files and folders that the config names, whether they exist or not. */
	namedPaths(): string[];
	/** The config as data that may be shown and stored: secrets are `(secret)`. */
	redacted(): Json;
}

/**
 * Reads, stacks and validates config files.
 * @throws ExpectedError (exit code 2) with every problem found, each at its place. When files cannot be
 * read or parsed, only that is told, since the rest would follow from it.
 */
export async function loadConfig<T>(
	options: LoadOptions<T>,
): Promise<ResolvedConfig<T>> {
	const { schema, profilesDir, environment } = options;
	const directory = resolve(options.directory ?? ".");
	const files =
		options.files.length > 0
			? options.files.map((file) => resolve(directory, file))
			: [findConfigFile(directory)];
	const reading = gatherProblems();
	const merging = gatherProblems();
	const { layers, root } = await stackLayers(files, {
		schema,
		profilesDir,
		problems: reading,
		mergeProblems: merging,
	});
	reading.throwIfAny();
	const readFiles = new Set<string>();
	const resolved = resolveReferences({
		onFile: (path) => readFiles.add(path),
		root,
		schema,
		environment,
		problems: merging,
	});
	const { value, secretPaths } = validate({
		schema,
		root,
		resolved,
		problems: merging,
	});
	merging.throwIfAny(layers.map((layer) => layer.shownFile));
	// No layer wrote the defaults: they count from where the first named file lies.
	const base = dirname(files[0] ?? directory);
	const complete = absoluteDefaults(value, base, schema) as T;
	const redacted = redact(complete, secretPaths);
	const secretNames = new Set(secretPaths.map(showPath));
	return {
		value: complete,
		layers,
		readFiles: [...readFiles],
		secretPaths,
		redacted: () => redacted,
		namedPaths: () => pathsIn(complete, schema),
		whereOf(path) {
			const { node, exact } = locate(root, resolved, path);
			return exact || node.kind === "scalar" ? placeOf(node.origin) : undefined;
		},
		explain(key) {
			const path = key ? key.split(".") : [];
			const input = {
				root,
				resolved,
				redacted,
				isSecret: (at: KeyPath) => secretNames.has(showPath(at)),
			};
			const found = explainAll(input, path);
			if (found.length > 0 || path.length === 0) return found;
			const all = explainAll(input, []).map((item) => item.key);
			throw new ExpectedError({
				code: "CONFIG_NO_SUCH_KEY",
				message: `the config has no key '${key}'`,
				...hintOf(suggestion(key ?? "", withParents(all))),
			});
		},
	};
}

function hintOf(hint: string | undefined): { hint?: string } {
	return hint === undefined ? {} : { hint };
}

function withParents(keys: readonly string[]): string[] {
	const all = new Set<string>();
	for (const key of keys) {
		const parts = key.split(".");
		parts.forEach((_, index) => {
			all.add(parts.slice(0, index + 1).join("."));
		});
	}
	return [...all];
}
