import { chmod } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { stepFailure } from "../system/errors.ts";
import { start } from "../system/process.ts";
import { maskSecrets } from "../system/secrets.ts";
import type { BundleFile } from "./bundle-file.ts";
import { type TarEntry, tarEnd, tarHeader, tarPadding } from "./tar.ts";

/**
 * Packs a bundle: a squashfs that holds nothing but `files`, the same bytes each time. What is in them
 * goes from memory to the packer and is written nowhere else, since it may be secret; the caller makes
 * sure that `target` lies where nobody else can read.
 * @param epoch seconds since 1970 for every time stamp.
 * @throws ExpectedError (exit code 1) when sqfstar is missing or fails.
 */
export async function packBundle(
	files: readonly BundleFile[],
	target: string,
	{ epoch, signal }: { epoch: number; signal?: AbortSignal | undefined },
): Promise<void> {
	// A window of its own per file keeps a one-line change small; one processor keeps the order of blocks.
	const child = start(
		"sqfstar",
		[
			...["-comp", "zstd", "-b", "128K"],
			...["-mkfs-time", String(epoch), "-all-time", String(epoch)],
			...["-root-mode", "0755", "-root-uid", "0", "-root-gid", "0"],
			...["-root-time", String(epoch), "-no-xattrs"],
			...["-no-progress", "-quiet", target],
		],
		{ signal },
	);
	let said = "";
	for (const stream of [child.stdout, child.stderr])
		stream.on("data", (chunk: Buffer) => {
			said += chunk.toString();
		});
	let broken: unknown;
	try {
		await pipeline(Readable.from(archive(files, epoch)), child.stdin);
	} catch (error) {
		// EPIPE only says that the packer has ended, and it tells why itself.
		broken = error;
		if (!isBrokenPipe(error)) child.kill();
	}
	const { exitCode } = await child.done;
	signal?.throwIfAborted();
	if (broken && !isBrokenPipe(broken)) throw broken;
	if (exitCode !== 0)
		throw stepFailure(
			{
				code: "BUNDLE_PACK_FAILED",
				message: `sqfstar ended with ${exitCode}: ${maskSecrets(firstLines(said))}`,
			},
			broken,
		);
	await chmod(target, 0o600);
}

function isBrokenPipe(error: unknown): boolean {
	return (error as NodeJS.ErrnoException).code === "EPIPE";
}

async function* archive(
	files: readonly BundleFile[],
	epoch: number,
): AsyncGenerator<Uint8Array> {
	for (const { entry, file } of entriesOf(files, epoch)) {
		yield tarHeader(entry);
		if (!file) continue;
		if ("content" in file)
			yield typeof file.content === "string"
				? Buffer.from(file.content)
				: file.content;
		if ("open" in file) yield* file.open() as AsyncIterable<Uint8Array>;
		yield tarPadding(entry.size);
	}
	yield tarEnd;
}

/** The members in order, each folder before what is in it. */
export function entriesOf(
	files: readonly BundleFile[],
	epoch: number,
): { entry: TarEntry; file?: BundleFile }[] {
	const modes = new Map<string, number>();
	for (const file of files) {
		const parts = file.path.split("/").slice(1, -1);
		for (let depth = 1; depth <= parts.length; depth += 1) {
			const folder = parts.slice(0, depth).join("/");
			if (!modes.has(folder)) modes.set(folder, 0o755);
		}
	}
	for (const file of files)
		if ("folder" in file) modes.set(file.path.slice(1), file.mode);
	const own = { uid: 0, gid: 0, size: 0, time: epoch };
	const folders = [...modes].map(([path, mode]) => ({
		entry: { ...own, path, type: "folder", mode } satisfies TarEntry,
	}));
	const members = files
		.filter((file) => !("folder" in file))
		.map((file) => ({ entry: memberEntry(file, own), file }));
	return [...folders, ...members].sort((a, b) =>
		a.entry.path < b.entry.path ? -1 : 1,
	);
}

function memberEntry(
	file: BundleFile,
	own: Pick<TarEntry, "uid" | "gid" | "size" | "time">,
): TarEntry {
	const path = file.path.slice(1);
	if ("link" in file)
		return { ...own, path, type: "link", mode: 0o777, target: file.link };
	if ("from" in file)
		return { ...own, path, type: "file", mode: 0o644, size: file.bytes };
	if ("folder" in file)
		return { ...own, path, type: "folder", mode: file.mode };
	return {
		...own,
		path,
		type: "file",
		mode: file.mode ?? 0o644,
		uid: file.uid ?? 0,
		gid: file.gid ?? 0,
		size: Buffer.byteLength(file.content),
	};
}

/** Wrong usage makes it print all of its manual after the reason. */
function firstLines(text: string): string {
	return text.trim().split("\n").slice(0, 5).join("\n");
}
