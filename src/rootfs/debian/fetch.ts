import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "../../system/files.ts";
import { requireTool } from "../../system/tools.ts";
import type { FetchContext, PackageFile, PackageOrigin } from "../backend.ts";
import { findLockedFiles, type WantedFile } from "../locked-files.ts";
import type { RootfsSettings } from "../schema.ts";
import { aptFolder } from "./apt-root.ts";
import { archiveName, parseStanzas } from "./control.ts";
import { wantedSources } from "./sources.ts";
import type { AptSource } from "./sources-parse.ts";

/** Package apt: downloads URIs with apt's own proxies and methods (apt-helper, `download-file`). */
const aptHelper = "/usr/lib/apt/apt-helper";

const goneHint =
	"name a local pool that has them (rootfs.pool, filled by dock0 lock --pool DIR), a day of the archive's history (rootfs.debian.snapshot: 20250101T000000Z), or move on: dock0 lock --update";

/** See `PackageBackend.fetch`. */
export function fetchDebian(
	context: FetchContext,
	{ debian, pool }: Pick<RootfsSettings, "debian" | "pool">,
	packages: readonly PackageFile[],
): Promise<string[]> {
	return findLockedFiles(context, packages, {
		pool,
		elsewhere: keptArchives(debian),
		hint: goneHint,
		download: (files) =>
			downloadFrom(context, wantedSources(debian), debian.aptOptions, files),
	});
}

/** Where earlier builds from these mirrors left their downloads; without mirrors there were none. */
function keptArchives(
	debian: RootfsSettings["debian"],
): ((one: PackageFile) => string) | undefined {
	try {
		const folder = join(aptFolder(debian), "archives");
		return (one) => join(folder, archiveName(one));
	} catch {
		return undefined;
	}
}

/** The same from the build host's own apt sources, for what compiles here. */
export function fetchFromHost(
	context: FetchContext,
	sources: readonly AptSource[],
	pool: string | undefined,
	packages: readonly PackageFile[],
): Promise<string[]> {
	return findLockedFiles(context, packages, {
		pool,
		hint: goneHint,
		download: (files) => downloadFrom(context, sources, [], files),
	});
}

/** A file lies in one of the archives, and the lock does not say in which, since machines have different mirrors. */
async function downloadFrom(
	context: FetchContext,
	sources: readonly AptSource[],
	options: readonly string[],
	files: readonly WantedFile[],
): Promise<void> {
	requireTool("apt-get");
	const config = join(context.temp, "fetch.conf");
	await writeFileAtomically(
		config,
		['APT::Sandbox::User "root"', ...options]
			.map((line) => `${line.replace(/;\s*$/, "")};\n`)
			.join(""),
	);
	const archives = new Set(
		sources.map(({ uri }) => uri.replace(/^file:/, "copy:").replace(/\/$/, "")),
	);
	for (const uri of archives) {
		const missing = files.filter(({ target }) => !existsSync(target));
		if (missing.length === 0) return;
		await context.run(
			aptHelper,
			[
				"download-file",
				...missing.flatMap(({ package: { file, sha256 }, target }) => [
					`${uri}/${file.split("/").map(encodeURIComponent).join("/")}`,
					target,
					`SHA256:${sha256}`,
				]),
			],
			// A file that this archive lacks may be in the next one.
			{ okExitCodes: [0, 100], env: { APT_CONFIG: config, LC_ALL: "C.UTF-8" } },
		);
	}
}

/** See `PackageBackend.unpack`. */
export async function unpackDebian(
	context: FetchContext,
	file: string,
	target: string,
): Promise<void> {
	requireTool("dpkg-deb");
	await context.run("dpkg-deb", ["--extract", file, target]);
}

/** See `PackageBackend.describe`. */
export async function describeDebian(
	context: FetchContext,
	file: string,
): Promise<PackageOrigin> {
	const { stdout } = await context.run("dpkg-deb", ["--field", file], {
		onLine: () => {},
	});
	const [stanza] = parseStanzas(stdout);
	if (!stanza) throw new Error(`${file} has no control fields`);
	return stanza.origin;
}
