import type { RunOptions, RunResult } from "../system/process.ts";

/** When a script runs: on this machine after packages, overlay and templates; inside the root; or last. */
export type Phase = "rootfs" | "chroot" | "finalize";

/** How a file is written into the root. */
export interface WriteOptions {
	/** Permission bits, e.g. 0o600; default 0o644, or for `copy` those of the source. */
	mode?: number;
	/** `user` or `user:group`, by name (of the root's own /etc/passwd) or number; default root:root. */
	owner?: string;
}

/**
 * The root file system of the image. Paths start with `/`, links are followed as they would be in the
 * booted host, and a path that climbs out with `..` is refused.
 */
export interface RootfsFolder {
	/** The place of a path on this machine, for tools that need it. */
	path(path: string): string;
	exists(path: string): boolean;
	/** The text of a file. */
	read(path: string): Promise<string>;
	/** Writes a file, and the folders above it if they are missing; a link in its place is replaced. */
	write(
		path: string,
		content: string | Uint8Array,
		options?: WriteOptions,
	): Promise<void>;
	/** Adds to the end of a file, which may be new. */
	append(path: string, content: string): Promise<void>;
	/** Copies a file or folder of this machine (relative to the scripts folder) into the root. */
	copy(from: string, to: string, options?: WriteOptions): Promise<void>;
	/** Makes `path` a symbolic link to `target`, in the place of whatever file or link was there. */
	symlink(target: string, path: string): Promise<void>;
	/** Removes files or whole folders, if they exist; globs may be used. */
	remove(...paths: string[]): Promise<void>;
	/** Makes a folder and those above it. */
	mkdir(path: string, options?: WriteOptions): Promise<void>;
}

/** What a TypeScript or JavaScript phase script gets. `Config` is the shape of the resolved config. */
export interface ScriptContext<Config = Record<string, unknown>> {
	readonly phase: Phase;
	readonly config: Config;
	readonly rootfs: RootfsFolder;
	/** Runs a program of this machine as (mapped) root; a failure ends the build. */
	run(
		command: string,
		args?: readonly string[],
		options?: Pick<RunOptions, "cwd" | "env" | "input" | "okExitCodes">,
	): Promise<RunResult>;
	/** Runs shell text, or a program given as a list of words, inside the root. */
	chroot(
		command: string | readonly string[],
		options?: Pick<RunOptions, "env" | "input" | "okExitCodes">,
	): Promise<RunResult>;
	/** Writes a line to the log of the build. */
	log(line: string): void;
}

/** A phase script in TypeScript. */
export type Script<Config = Record<string, unknown>> = (
	context: ScriptContext<Config>,
) => void | Promise<void>;

/** Gives a script its types: `export default defineScript(async ({ rootfs }) => { … })`. */
export function defineScript<Config = Record<string, unknown>>(
	script: Script<Config>,
): Script<Config> {
	return script;
}
