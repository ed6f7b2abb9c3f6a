import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "../../system/files.ts";
import { requireTool } from "../../system/tools.ts";
import type { BackendContext, PackageFile } from "../backend.ts";
import { linkOrCopy } from "../locked-files.ts";
import type { RootfsSettings } from "../schema.ts";
import { fetchArch } from "./fetch.ts";
import { pacmanConf } from "./pacman-conf.ts";
import { type PacmanRoot, pacmanOptions } from "./pacman-root.ts";
import { syncEntry } from "./sync-entry.ts";

/** `local` and the names of real repositories are taken. */
const name = "locked";

/**
 * pacman's state with a repository of the locked packages alone, made for this one installation. Their
 * hashes were verified when they were found, so nothing in it needs a signature.
 */
export async function lockedPacmanRoot(
	context: BackendContext,
	settings: RootfsSettings,
	locked: readonly PackageFile[],
	database: string,
): Promise<PacmanRoot> {
	requireTool("pacman");
	requireTool("bsdtar");
	const folder = join(context.temp, "repository");
	const gpg = join(context.temp, "no-keys");
	for (const path of [folder, join(database, "local"), join(database, "sync")])
		await mkdir(path, { recursive: true });
	await mkdir(gpg, { mode: 0o700 });
	const files = await fetchArch(context, settings, locked);
	await Promise.all(
		files.map((file, at) =>
			linkOrCopy(file, join(folder, locked[at]?.file ?? "")),
		),
	);
	const entries = join(context.temp, "entries");
	for (const [at, one] of locked.entries()) {
		const { stdout } = await context.run(
			"bsdtar",
			["-xOf", files[at] ?? "", ".PKGINFO"],
			{ onLine: () => {} },
		);
		await writeFileAtomically(
			join(entries, `${one.name}-${one.version}`, "desc"),
			syncEntry(stdout, one),
		);
	}
	await context.run("bsdtar", [
		"-czf",
		join(folder, `${name}.db`),
		"-C",
		entries,
		...locked.map((one) => `${one.name}-${one.version}`),
	]);
	const folders = { database, cache: folder, gpg };
	const config = join(context.temp, "pacman.conf");
	await writeFileAtomically(
		config,
		pacmanConf(
			{
				...settings.arch,
				sigLevel: "Never",
				repositories: [{ name, servers: [`file://${folder}`] }],
			},
			folders,
		),
	);
	await context.runInNamespace("pacman", [
		...pacmanOptions({ config }),
		"--sync",
		"--refresh",
	]);
	return { folder, config, folders };
}
