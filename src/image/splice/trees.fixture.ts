import { createHash } from "node:crypto";
import {
	chmodSync,
	linkSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../../system/process.ts";

/** What lies at a path of a test's tree. */
export type Node =
	| { folder: true; mode?: number }
	| { file: Buffer; mode?: number }
	| { symlink: string }
	/** Another name of a file that comes before. */
	| { hard: string };

/** By path, a folder before what is in it. */
export type Tree = Record<string, Node>;

/** Options with which images are fit to be spliced. */
export const spliceable = ["-no-exports", "-noI", "-noId", "-noX"];

/** Bytes that do not compress, always the same of one seed. */
export function noise(bytes: number, seed: number): Buffer {
	const parts: Buffer[] = [];
	for (let n = 0; n * 32 < bytes; n++)
		parts.push(createHash("sha256").update(`${seed} ${n}`).digest());
	return Buffer.concat(parts).subarray(0, bytes);
}

/** Makes a tree's files, in one go: so it is much faster for thousands of them. */
export function plant(folder: string, tree: Tree): void {
	mkdirSync(folder, { recursive: true });
	chmodSync(folder, 0o755);
	for (const [path, node] of Object.entries(tree)) {
		const place = join(folder, path);
		mkdirSync("folder" in node ? place : dirname(place), { recursive: true });
		if ("file" in node) writeFileSync(place, node.file);
		else if ("symlink" in node) symlinkSync(node.symlink, place);
		else if ("hard" in node) linkSync(join(folder, node.hard), place);
		if ("folder" in node) chmodSync(place, node.mode ?? 0o755);
		if ("file" in node) chmodSync(place, node.mode ?? 0o644);
	}
}

export async function pack(
	folder: string,
	image: string,
	options: readonly string[],
): Promise<void> {
	const times = ["-all-time", "7", "-mkfs-time", "7"];
	await run("mksquashfs", [
		folder,
		image,
		...["-noappend", "-no-progress", "-quiet", ...times, ...options],
	]);
}

/** What unsquashfs(1) lists, without the sizes of folders, which depend on how their listing is cut. */
export async function listingOf(image: string): Promise<string> {
	const { stdout } = await run("unsquashfs", ["-lln", image]);
	return stdout.replace(/^(d\S+ \S+) +\d+/gm, "$1");
}

/** What unsquashfs(1) says of an image: its numbers of inodes, ids and so on, by their names. */
export async function factsOf(image: string): Promise<Record<string, string>> {
	const { stdout } = await run("unsquashfs", ["-stat", image]);
	return Object.fromEntries(
		[...stdout.matchAll(/^(Number of .*) (\d+)$/gm)].map(
			([, name = "", count = ""]) => [name, count],
		),
	);
}

/** Unpacks, and says of each path its mode, its links and a sum of its content. */
export async function contentOf(
	image: string,
	folder: string,
): Promise<Record<string, string>> {
	await run("unsquashfs", ["-q", "-n", "-no-xattrs", "-d", folder, image]);
	const content: Record<string, string> = {};
	const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
	for (const path of paths.sort()) {
		const place = join(folder, path);
		const { mode, nlink, size, mtimeMs } = lstatSync(place);
		const kind = mode & 0o170000;
		const sum = (): string =>
			createHash("sha256").update(readFileSync(place)).digest("hex");
		const what =
			kind === 0o100000
				? `${size} ${nlink} ${sum()}`
				: kind === 0o120000
					? readlinkSync(place)
					: String(nlink);
		content[path] = `${mode.toString(8)} ${mtimeMs} ${what}`;
	}
	return content;
}
