import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../../system/environment.ts";
import { ExpectedError, stepFailure } from "../../system/errors.ts";
import { sha256, writeFileAtomically } from "../../system/files.ts";
import { acquireLock, type Lock } from "../../system/lock.ts";
import { requireTool } from "../../system/tools.ts";
import type { BackendContext } from "../backend.ts";
import type { DebianSettings } from "./schema.ts";
import { defaultKeyring, snapshotOptions, wantedSources } from "./sources.ts";
import { formatSource } from "./sources-parse.ts";

/**
 * apt's state for one set of sources, apart from the machine's own: indexes, downloaded packages, and a
 * configuration. Kept between builds, so that a second build downloads nothing.
 */
export interface AptRoot {
	folder: string;
	/** Value for APT_CONFIG (apt.conf(5)). */
	config: string;
	sourcesFile: string;
	/** Indexes, `/var/lib/apt/lists` elsewhere. */
	lists: string;
	/** Packages that an installation downloaded, `/var/cache/apt/archives` elsewhere. */
	archives: string;
	/** Packages that were asked for by name. */
	debs: string;
}

/**
 * Makes or finds the apt state for the settings' sources and brings its indexes up to date. Without a
 * network, older indexes serve, and the log says so.
 * @throws ExpectedError when the keyring is missing (exit code 2), or the indexes can neither be had nor
 * verified (exit code 1).
 */
export function prepareAptRoot(
	context: Pick<BackendContext, "run" | "log" | "signal">,
	settings: DebianSettings,
): Promise<AptRoot> {
	const folder = aptFolder(settings);
	const known = prepared.get(folder);
	if (known) return known;
	const root = readIndexes(context, settings, folder);
	prepared.set(folder, root);
	root.catch(() => prepared.delete(folder));
	return root;
}

/** What this process has made up to date: its steps, side by side, all want the same indexes. */
const prepared = new Map<string, Promise<AptRoot>>();

/**
 * Keeps other processes from renewing the indexes while they are read, since apt replaces them one by one.
 * Released by the caller.
 */
export function holdIndexes(
	context: Pick<BackendContext, "signal">,
	root: AptRoot,
): Promise<Lock> {
	return acquireLock(join(root.folder, "update.lock"), {
		shared: true,
		signal: context.signal,
	});
}

async function readIndexes(
	context: Pick<BackendContext, "run" | "log" | "signal">,
	settings: DebianSettings,
	folder: string,
): Promise<AptRoot> {
	const lock = await acquireLock(join(folder, "update.lock"), {
		signal: context.signal,
		onWait: () => context.log("waiting for another dock0 to read the indexes"),
	});
	try {
		return await fillAptRoot(context, folder, signedSources(settings), [
			...(await hostAptOptions(context)),
			...snapshotOptions(settings),
			...settings.aptOptions,
		]);
	} finally {
		await lock.release();
	}
}

/** Where the apt state for the settings' sources is kept. */
export function aptFolder(settings: DebianSettings): string {
	const key = [signedSources(settings), ...settings.aptOptions];
	return join(
		environment().cacheDir,
		"packages",
		"debian",
		`${settings.suite}-${sha256(key.join("\n")).slice(0, 16)}`,
	);
}

function signedSources(settings: DebianSettings): string {
	const keyring = requireKeyring(settings);
	return wantedSources(settings)
		.map((source) =>
			formatSource({
				...source,
				options: { "signed-by": keyring, ...source.options },
			}),
		)
		.join("\n");
}

/**
 * Makes an apt state in `folder` and reads the indexes of `sources` (lines of sources.list(5)).
 * @param options lines of apt.conf(5)
 */
export async function fillAptRoot(
	context: Pick<BackendContext, "run" | "log">,
	folder: string,
	sources: string,
	options: readonly string[],
): Promise<AptRoot> {
	const root: AptRoot = {
		folder,
		config: join(folder, "apt.conf"),
		sourcesFile: join(folder, "sources.list"),
		lists: join(folder, "lists"),
		archives: join(folder, "archives"),
		debs: join(folder, "debs"),
	};
	for (const name of ["lists/partial", "archives/partial", "debs", "empty"])
		await mkdir(join(folder, name), { recursive: true });
	await writeFileAtomically(root.sourcesFile, `${sources}\n`);
	await writeFileAtomically(join(folder, "status"), "");
	await writeFileAtomically(root.config, aptConfig(root, options));
	await update(context, root);
	return root;
}

/** Environment for apt's tools to work on the private state. */
export function aptEnvironment(root: AptRoot): Record<string, string> {
	return { APT_CONFIG: root.config, LC_ALL: "C.UTF-8" };
}

/**
 * How the machine's apt reaches its mirrors (proxies, time-outs, how old an index may be): its mirrors
 * may not work without.
 */
export async function hostAptOptions(
	context: Pick<BackendContext, "run">,
): Promise<string[]> {
	requireTool("apt-get");
	const { stdout } = await context.run(
		"apt-config",
		[
			"dump",
			"--no-empty",
			"--format",
			'%F "%v"%n',
			"Acquire::http",
			"Acquire::https",
			"Acquire::Check-Valid-Until",
			"Acquire::Check-Date",
			"Acquire::Max-ValidTime",
		],
		{ onLine: () => {} },
	);
	return stdout.split("\n").filter((line) => line !== "");
}

function requireKeyring(settings: DebianSettings): string {
	const keyring = settings.keyring ?? defaultKeyring;
	if (existsSync(keyring)) return keyring;
	throw new ExpectedError({
		code: "DEBIAN_KEYRING_MISSING",
		message: `the keyring ${keyring} does not exist`,
		hint: settings.keyring
			? "rootfs.debian.keyring is relative to the file that names it"
			: "on Debian: apt-get install debian-archive-keyring; or set rootfs.debian.keyring",
	});
}

function aptConfig(root: AptRoot, options: readonly string[]): string {
	return [
		`Dir "${root.folder}"`,
		`Dir::State "${root.folder}"`,
		`Dir::State::Lists "${root.lists}"`,
		`Dir::State::status "${join(root.folder, "status")}"`,
		`Dir::Cache "${root.folder}"`,
		`Dir::Cache::Archives "${root.archives}"`,
		`Dir::Etc "${join(root.folder, "empty")}"`,
		`Dir::Etc::SourceList "${root.sourcesFile}"`,
		`Dir::Etc::SourceParts "${join(root.folder, "empty")}"`,
		`Dir::Etc::Parts "${join(root.folder, "empty")}"`,
		`Dir::Etc::PreferencesParts "${join(root.folder, "empty")}"`,
		'APT::Sandbox::User "root"',
		'Acquire::Languages "none"',
		'APT::Install-Recommends "false"',
		...options,
	]
		.map((line) => `${line.replace(/;\s*$/, "")};\n`)
		.join("");
}

async function update(
	context: Pick<BackendContext, "run" | "log">,
	root: AptRoot,
): Promise<void> {
	try {
		await context.run(
			"apt-get",
			["update", "--quiet", "-o", "APT::Update::Error-Mode=any"],
			{ env: aptEnvironment(root) },
		);
	} catch (error) {
		const known = (await readdir(root.lists)).some((name) =>
			/_(In)?Release$/.test(name),
		);
		const reason = error instanceof Error ? error.message : String(error);
		if (
			known &&
			!/NO_PUBKEY|signature|not signed|EXPKEYSIG|BADSIG/i.test(reason)
		) {
			context.log(`the mirrors did not answer; using older indexes: ${reason}`);
			return;
		}
		throw stepFailure(
			{
				code: "DEBIAN_INDEX_FAILED",
				message: `the package indexes could not be had:\n${reason}`,
				hint: "check the network, rootfs.debian.mirrors, suite and keyring",
			},
			error,
		);
	}
}
