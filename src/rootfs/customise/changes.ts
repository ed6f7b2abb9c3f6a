import { lstatSync, readdirSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

// Names of files are bytes, of any encoding; as `latin1` each byte is a character, and comes back as it was.

/** What each entry of a tree was: its path (of bytes, as `latin1`; "." is the tree itself) to a mark of its state. */
export type Snapshot = ReadonlyMap<string, string>;

/** What became of a tree; paths as in `Snapshot`, sorted by their bytes. */
export interface Changes {
	/** As they were: content, mode, owner, attributes. */
	kept: string[];
	/** New or other than they were. */
	changed: string[];
}

/** As long as the coarsest clock of a file system ticks, with room. */
const longestTickMs = 3000;

/**
 * Remembers the state of a tree. Whatever is changed after the promise has settled is told by `changesSince`.
 * @param probe a file to write beside the tree, on its file system.
 */
export async function takeSnapshot(
	tree: string,
	probe: string,
): Promise<Snapshot> {
	const { marks, times } = look(tree);
	const latest = [...times.values()].reduce((a, b) => (a > b ? a : b), 0n);
	// A file system's clock ticks every few milliseconds, or every second: a change in the same tick would not show.
	const end = performance.now() + longestTickMs;
	let now: bigint;
	do {
		await setTimeout(2);
		writeFileSync(probe, "");
		now = lstatSync(probe, { bigint: true }).ctimeNs;
	} while (now <= latest && performance.now() < end);
	// When this machine's clock was set back, what is from later counts as changed, which is never wrong.
	for (const [path, time] of times) if (time >= now) marks.delete(path);
	return marks;
}

/** Compares a tree with what it was. Nothing may be mounted in it. */
export function changesSince(tree: string, before: Snapshot): Changes {
	const kept: string[] = [];
	const changed: string[] = [];
	for (const [path, mark] of look(tree).marks)
		(before.get(path) === mark ? kept : changed).push(path);
	// Characters are bytes here, so that this is the order of `LC_ALL=C sort`.
	return { kept: kept.sort(), changed: changed.sort() };
}

/**
 * Each change of content, mode, owner, attributes or name gives an inode another change time (inode(7)), which
 * no program can set; another file at the same path is another inode.
 */
function look(tree: string) {
	const marks = new Map<string, string>();
	const times = new Map<string, bigint>();
	const base = Buffer.from(`${tree}/`);
	const visit = (path: string, isFolder: boolean): void => {
		const place = Buffer.concat([base, Buffer.from(path, "latin1")]);
		const { ino, ctimeNs } = lstatSync(place, { bigint: true });
		marks.set(path, `${ino} ${ctimeNs}`);
		times.set(path, ctimeNs);
		if (!isFolder) return;
		for (const entry of readdirSync(place, {
			withFileTypes: true,
			encoding: "latin1",
		}))
			visit(
				path === "." ? entry.name : `${path}/${entry.name}`,
				entry.isDirectory(),
			);
	};
	visit(".", true);
	return { marks, times };
}
