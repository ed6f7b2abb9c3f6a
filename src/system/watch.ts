import { type FSWatcher, watch } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface FileWatcher {
	/**
	 * Says what is watched from now on: files, and folders with all that lies below. What does not exist yet is
	 * noticed when it appears. To be called again before the files are read anew, since new folders may have come.
	 */
	set(paths: readonly string[]): Promise<void>;
	/**
	 * Waits until something has changed since the last call, and then nothing more for a moment.
	 * @returns absolute paths of what changed, sorted.
	 * @throws the signal's reason when aborted.
	 */
	next(signal: AbortSignal): Promise<string[]>;
	close(): void;
}

/** Editors save by several operations within some milliseconds; people do not notice this pause. */
const quietMilliseconds = 150;

/** Folders in which nobody edits, and which may be large. */
const passedOver = new Set([".git", "node_modules"]);

/** What editors leave beside a file while they save it: Vim, Emacs, Kate, GNOME. */
const leftByEditors =
	/^(?:4913|\.#.*|#.*#|\.?goutputstream-.*|.*~|.*\.sw[a-z])$/;

/**
 * Watches files by inotify(7), a folder at a time: an editor that saves by renaming replaces the file, but
 * not its folder. Node's own recursive mode misses what lies in folders that were made just now.
 */
export function watchFiles(): FileWatcher {
	let watchers: FSWatcher[] = [];
	/** Names that count in a folder; undefined: all. */
	let wanted = new Map<string, Set<string> | undefined>();
	const changed = new Set<string>();
	let wake = (): void => undefined;
	let lastChange = 0;

	const note = (folder: string, name: string): void => {
		const names = wanted.get(folder);
		if (leftByEditors.test(name) || passedOver.has(name)) return;
		if (!wanted.has(folder) || (names && !names.has(name))) return;
		changed.add(join(folder, name));
		lastChange = performance.now();
		wake();
	};
	const open = (folder: string): void => {
		try {
			const watcher = watch(folder, (_, name) => note(folder, name ?? ""));
			// A folder that is removed: its parent tells of that.
			watcher.on("error", () => watcher.close());
			watchers.push(watcher);
		} catch (error) {
			// It vanished between looking and watching; then its parent tells.
			if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
		}
	};

	return {
		async set(paths) {
			const next = new Map<string, Set<string> | undefined>();
			for (const path of paths) await want(path, next);
			wanted = next;
			// Opened anew each time, since a folder may be another one of the same name; and closed only
			// afterwards, so that nothing is missed in between.
			const before = watchers;
			watchers = [];
			for (const folder of next.keys()) open(folder);
			for (const watcher of before) watcher.close();
		},
		async next(signal) {
			while (changed.size === 0) {
				signal.throwIfAborted();
				await new Promise<void>((resolve) => {
					wake = resolve;
					signal.addEventListener("abort", () => resolve(), { once: true });
				});
			}
			for (;;) {
				const quiet = performance.now() - lastChange;
				if (quiet >= quietMilliseconds) break;
				await sleep(quietMilliseconds - quiet + 1, undefined, { signal });
			}
			const found = [...changed].sort();
			changed.clear();
			return found;
		},
		close() {
			for (const watcher of watchers) watcher.close();
			watchers = [];
		},
	};
}

/** Adds the folders in which events about `path` happen. */
async function want(
	path: string,
	into: Map<string, Set<string> | undefined>,
): Promise<void> {
	const stats = await lstat(path).catch(() => undefined);
	const folder = dirname(path);
	if (stats?.isDirectory()) await wantAll(path, into);
	const parent = await lstat(folder).catch(() => undefined);
	if (!parent?.isDirectory()) {
		if (folder !== path) await want(folder, into);
		return;
	}
	// undefined stands for all names already.
	if (into.has(folder) && into.get(folder) === undefined) return;
	into.set(folder, (into.get(folder) ?? new Set()).add(basename(path)));
}

async function wantAll(
	folder: string,
	into: Map<string, Set<string> | undefined>,
): Promise<void> {
	into.set(folder, undefined);
	const entries = await readdir(folder, { withFileTypes: true }).catch(
		() => [],
	);
	for (const entry of entries)
		if (entry.isDirectory() && !passedOver.has(entry.name))
			await wantAll(join(folder, entry.name), into);
}
