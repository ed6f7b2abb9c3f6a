import { existsSync, readFileSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";

/** What the rest of the program may know about the process's surroundings. */
export interface Environment {
	/** Content-addressed step outputs and tool caches: `$DOCK0_CACHE_DIR`, else `$XDG_CACHE_HOME/dock0`. */
	cacheDir: string;
	/** Scratch space for running steps; on the cache's file system so that rename is atomic. */
	tempDir: string;
	homeDir: string;
	isRoot: boolean;
	userName: string;
	env: Readonly<Record<string, string | undefined>>;
	stdoutIsTty: boolean;
	stderrIsTty: boolean;
	color: boolean;
}

export function environment(): Environment {
	const { env } = process;
	const cacheDir =
		// An empty variable counts as unset (XDG Base Directory Specification).
		resolve(
			env.DOCK0_CACHE_DIR ||
				join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "dock0"),
		);
	return {
		cacheDir,
		tempDir: join(cacheDir, "tmp"),
		homeDir: homedir(),
		isRoot: process.getuid?.() === 0,
		// Reads the user database, for which few ask.
		get userName() {
			return userInfo().username;
		},
		env,
		stdoutIsTty: process.stdout.isTTY === true,
		stderrIsTty: process.stderr.isTTY === true,
		// https://no-color.org
		color: process.stderr.isTTY === true && !env.NO_COLOR,
	};
}

/** Sockets need short paths (108 bytes, unix(7)), so they do not go under the cache. */
export function runtimeDir(): string {
	return process.env.XDG_RUNTIME_DIR ?? tmpdir();
}

/** The host's os-release fields, e.g. `ID`, `VERSION_CODENAME` (os-release(5)). */
export function osRelease(): Record<string, string> {
	const path = ["/etc/os-release", "/usr/lib/os-release"].find((candidate) =>
		existsSync(candidate),
	);
	const fields: Record<string, string> = {};
	if (!path) return fields;
	for (const line of readFileSync(path, "utf8").split("\n")) {
		const match = /^([A-Z0-9_]+)=(.*)$/.exec(line);
		if (match?.[1]) fields[match[1]] = (match[2] ?? "").replace(/^"|"$/g, "");
	}
	return fields;
}
