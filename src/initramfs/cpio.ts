/**
 * The "newc" cpio archive that the kernel unpacks as its first root file system.
 * Format: Documentation/driver-api/early-userspace/buffer-format.rst in the kernel's sources.
 */

interface EntryBase {
	/** Relative, without a leading `/` or `./`, e.g. `bin/sh`. */
	path: string;
	/** Permission bits only (0o7777); the type comes from `kind`. */
	mode: number;
	/** Owner's number, default 0. */
	uid?: number;
	/** Group's number, default 0. */
	gid?: number;
	/** Seconds since 1970, default 0. */
	mtime?: number;
}

/** One member of the archive. */
export type CpioEntry =
	| (EntryBase & { kind: "directory" })
	| (EntryBase & { kind: "file"; data: Uint8Array })
	| (EntryBase & { kind: "symlink"; target: string })
	| (EntryBase & {
			kind: "node";
			device: "character" | "block";
			major: number;
			minor: number;
	  });

/** File type bits of `c_mode`: inode(7). */
const typeBits = {
	file: 0o100000,
	directory: 0o040000,
	symlink: 0o120000,
	character: 0o020000,
	block: 0o060000,
} as const;

const magic = "070701";
const trailer = "TRAILER!!!";
const empty = new Uint8Array(0);

/**
 * Packs entries as one newc archive. The bytes depend on nothing but the entries: they are sorted by
 * path, and inode numbers count from 1 in that order.
 * @throws Error on a path that is not plain and relative, comes twice, or whose folder is not an
 * entry (the kernel drops such files without a word).
 */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
	const sorted = entries
		.map((entry) => ({ entry, name: Buffer.from(entry.path) }))
		.sort((a, b) => Buffer.compare(a.name, b.name));
	checkPaths(sorted.map(({ entry }) => entry));
	const parts: Uint8Array[] = [];
	sorted.forEach(({ entry, name }, index) => {
		const data = content(entry);
		parts.push(
			header({
				inode: index + 1,
				mode: fullMode(entry),
				uid: entry.uid ?? 0,
				gid: entry.gid ?? 0,
				links: entry.kind === "directory" ? 2 : 1,
				mtime: entry.mtime ?? 0,
				size: data.length,
				major: entry.kind === "node" ? entry.major : 0,
				minor: entry.kind === "node" ? entry.minor : 0,
				name,
			}),
			data,
			padding(data.length),
		);
	});
	parts.push(
		header({
			inode: 0,
			mode: 0,
			uid: 0,
			gid: 0,
			links: 1,
			mtime: 0,
			size: 0,
			major: 0,
			minor: 0,
			name: Buffer.from(trailer),
		}),
	);
	return Buffer.concat(parts);
}

/** Adds a 0755 directory for every folder that is used but not listed. */
export function withParents(entries: readonly CpioEntry[]): CpioEntry[] {
	const known = new Set(entries.map((entry) => entry.path));
	const added: CpioEntry[] = [];
	for (const { path } of entries)
		for (let folder = parent(path); folder; folder = parent(folder))
			if (!known.has(folder)) {
				known.add(folder);
				added.push({ kind: "directory", path: folder, mode: 0o755 });
			}
	return [...entries, ...added];
}

function checkPaths(entries: readonly CpioEntry[]): void {
	const kinds = new Map<string, CpioEntry["kind"]>();
	for (const { path, kind } of entries) {
		if (
			path === trailer ||
			path.includes("\0") ||
			path.split("/").some((part) => ["", ".", ".."].includes(part))
		)
			throw new Error(`not a path for an archive: ${JSON.stringify(path)}`);
		if (kinds.has(path)) throw new Error(`'${path}' comes twice`);
		kinds.set(path, kind);
		const folder = parent(path);
		if (folder && kinds.get(folder) !== "directory")
			throw new Error(`'${path}' has no entry for its folder '${folder}'`);
	}
}

function parent(path: string): string {
	return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function fullMode(entry: CpioEntry): number {
	const kind = entry.kind === "node" ? entry.device : entry.kind;
	return typeBits[kind] | (entry.mode & 0o7777);
}

function content(entry: CpioEntry): Uint8Array {
	if (entry.kind === "file") return entry.data;
	return entry.kind === "symlink" ? Buffer.from(entry.target) : empty;
}

interface Header {
	inode: number;
	mode: number;
	uid: number;
	gid: number;
	links: number;
	mtime: number;
	size: number;
	major: number;
	minor: number;
	name: Buffer;
}

/** The 110 bytes of a member's header and its name, padded to a multiple of 4. */
function header(fields: Header): Buffer {
	const numbers = [
		fields.inode,
		fields.mode,
		fields.uid,
		fields.gid,
		fields.links,
		fields.mtime,
		fields.size,
		0, // c_maj, c_min: the device that held the file, of no use here
		0,
		fields.major,
		fields.minor,
		fields.name.length + 1,
		0, // c_chksum: only for the 070702 variant
	];
	const text = magic + numbers.map(hex8).join("");
	return Buffer.concat([
		Buffer.from(text, "latin1"),
		fields.name,
		new Uint8Array(1),
		padding(text.length + fields.name.length + 1),
	]);
}

function hex8(value: number): string {
	if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
		throw new Error(`${value} does not fit in 8 hexadecimal digits`);
	return value.toString(16).padStart(8, "0");
}

function padding(length: number): Uint8Array {
	return new Uint8Array((4 - (length % 4)) % 4);
}
