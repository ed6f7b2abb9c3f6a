import { appendFile, readFile, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type RunOptions, type RunResult, run } from "../../system/process.ts";
import type {
	Phase,
	RootfsFolder,
	ScriptContext,
	WriteOptions,
} from "../script.ts";
import { chrootEnvironment, commandWords } from "./enter.ts";
import { isGlob } from "./glob.ts";
import { placeOverlay } from "./overlay.ts";
import { ownerIds } from "./owners.ts";
import {
	type Destination,
	placeFile,
	placeFolder,
	placeLink,
	rootOwner,
} from "./place.ts";
import { look, resolveInTree } from "./tree-path.ts";
import { removePaths } from "./trim.ts";

/** What scripts of all kinds have to work with. */
export interface ScriptSurroundings extends Destination {
	config: unknown;
	/** The folder that holds the phase folders; relative paths of scripts start here. */
	scripts: string;
	/** DOCK0_* variables of executables, for programs started by modules as well. */
	env: Readonly<Record<string, string>>;
	log(line: string): void;
}

/** Makes the context of a TypeScript or JavaScript script. */
export function scriptContext(
	around: ScriptSurroundings,
	phase: Phase,
): ScriptContext<unknown> {
	return {
		phase,
		config: around.config,
		rootfs: rootfsFolder(around),
		run: (command, args = [], options = {}) =>
			run(command, args, {
				cwd: around.scripts,
				...options,
				env: { ...around.env, ...options.env },
				onLine: around.log,
			}),
		chroot: (command, options = {}) => runInside(around, command, options),
		log: around.log,
	};
}

/** Runs a command inside the root, with a clean environment. */
export function runInside(
	around: Pick<ScriptSurroundings, "tree" | "env" | "log">,
	command: string | readonly string[],
	options: Pick<RunOptions, "env" | "input" | "okExitCodes"> = {},
): Promise<RunResult> {
	return run("chroot", [around.tree, ...commandWords(command as string)], {
		...options,
		env: {
			...chrootEnvironment,
			...around.env,
			DOCK0_ROOTFS: "/",
			...options.env,
		},
		extendEnv: false,
		onLine: around.log,
	});
}

function rootfsFolder(around: ScriptSurroundings): RootfsFolder {
	const { tree } = around;
	const attributes = (options: WriteOptions, mode: number) => ({
		mode: options.mode ?? mode,
		owner: options.owner ? ownerIds(tree, options.owner) : rootOwner,
	});
	const followed = (path: string): string =>
		resolveInTree(tree, path, { follow: true });
	return {
		path: followed,
		exists: (path) => look(followed(path)) !== undefined,
		read: (path) => readFile(followed(path), "utf8"),
		write: (path, content, options = {}) =>
			placeFile(around, path, { bytes: content }, attributes(options, 0o644)),
		async append(path, content) {
			const real = followed(path);
			if (look(real)) await appendFile(real, content);
			else
				await placeFile(
					around,
					path,
					{ bytes: content },
					attributes({}, 0o644),
				);
		},
		async copy(from, to, options = {}) {
			const source = resolve(around.scripts, from);
			const stats = await stat(source);
			const wanted = attributes(options, stats.mode & 0o7777);
			if (!stats.isDirectory())
				return placeFile(around, to, { copyOf: source }, wanted);
			await placeFolder(around, to, wanted);
			await placeOverlay(around, source, join("/", to));
		},
		symlink: (target, path) => placeLink(around, path, target),
		async remove(...paths) {
			const globs = paths.filter(isGlob);
			for (const path of paths.filter((plain) => !isGlob(plain)))
				await rm(resolveInTree(tree, path), { recursive: true, force: true });
			if (globs.length > 0) removePaths(tree, { remove: globs, keep: [] });
		},
		mkdir: (path, options = {}) =>
			placeFolder(around, path, attributes(options, 0o755)),
	};
}
