import { createWriteStream, existsSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import type { FetchContext, PackageFile } from "../backend.ts";
import { findLockedFiles, type WantedFile } from "../locked-files.ts";
import type { RootfsSettings } from "../schema.ts";
import { pacmanFolder } from "./pacman-root.ts";
import type { ArchSettings } from "./schema.ts";

/** See `PackageBackend.fetch`. */
export function fetchArch(
	context: FetchContext,
	{ arch, pool }: Pick<RootfsSettings, "arch" | "pool">,
	packages: readonly PackageFile[],
): Promise<string[]> {
	return findLockedFiles(context, packages, {
		pool,
		elsewhere: ({ file }) => join(pacmanFolder(arch), "packages", file),
		hint: "name a local pool that has them (rootfs.pool, filled by dock0 lock --pool DIR), servers of a day that had them (https://archive.archlinux.org/repos/YYYY/MM/DD/$repo/os/$arch), or move on: dock0 lock --update",
		async download(files) {
			for (const file of files) await downloadOne(context, arch, file);
		},
	});
}

async function downloadOne(
	{ log, signal }: FetchContext,
	{ repositories, architecture }: ArchSettings,
	{ package: { repository, file }, target }: WantedFile,
): Promise<void> {
	const servers = repositories
		.filter(({ name }) => name === repository)
		.flatMap(({ servers: list }) => list);
	for (const server of servers) {
		const base = server
			.replaceAll("$repo", repository ?? "")
			.replaceAll("$arch", architecture);
		const url = `${base.replace(/\/$/, "")}/${encodeURIComponent(file)}`;
		try {
			if (url.startsWith("file:")) await copyFile(fileURLToPath(url), target);
			else await download(url, target, signal);
		} catch (error) {
			signal.throwIfAborted();
			log(`${url}: ${error instanceof Error ? error.message : String(error)}`);
		}
		if (existsSync(target)) return;
	}
}

async function download(
	url: string,
	target: string,
	signal: AbortSignal,
): Promise<void> {
	const answer = await fetch(url, { signal });
	if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
	await pipeline(
		Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]),
		createWriteStream(target),
	);
}
