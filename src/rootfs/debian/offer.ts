import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { sha256, writeFileAtomically } from "../../system/files.ts";
import { acquireLock } from "../../system/lock.ts";
import { removeTree } from "../../system/namespace.ts";
import type { BackendContext, PackageFile, PackageRecord } from "../backend.ts";
import { linkOrCopy } from "../locked-files.ts";
import type { RootfsSettings } from "../schema.ts";
import {
	aptEnvironment,
	fillAptRoot,
	holdIndexes,
	hostAptOptions,
	prepareAptRoot,
} from "./apt-root.ts";
import { archiveName } from "./control.ts";
import { fetchDebian } from "./fetch.ts";
import { snapshotOptions, unsignedSources } from "./sources.ts";

/** What an installation chooses from. */
export interface Offer {
	variant: RootfsSettings["debian"]["variant"];
	include: readonly string[];
	/** Lines of apt.conf(5) besides those of the settings. */
	aptOptions: readonly string[];
	/** For mmdebstrap, which looks for the suite in it. */
	sourcesFile: string;
	/** Verified indexes and downloads, mounted into the tree while packages are installed. */
	lists: string;
	archives: string;
	/** What sources.list of the tree must say afterwards; undefined: what mmdebstrap wrote. */
	treeSources: string | undefined;
	/** Stanzas of those packages. */
	stanzas(packages: readonly PackageRecord[]): Promise<string>;
	release(): Promise<void>;
}

/** All that the mirrors have now. */
export async function mirrorOffer(
	context: BackendContext,
	settings: RootfsSettings,
): Promise<Offer> {
	const apt = await prepareAptRoot(context, settings.debian);
	const lists = join(context.temp, "lists");
	// apt replaces its indexes by rename, so links are a snapshot that a later update cannot change.
	const indexes = await holdIndexes(context, apt);
	try {
		await context.run("cp", ["--archive", "--link", apt.lists, lists]);
	} finally {
		await indexes.release();
	}
	const lock = await acquireLock(join(apt.folder, "archives.lock"), {
		signal: context.signal,
		onWait: () => context.log("waiting for another dock0 to install packages"),
	});
	return {
		variant: settings.debian.variant,
		include: settings.packages,
		aptOptions: [
			...(await hostAptOptions(context)),
			...snapshotOptions(settings.debian),
		],
		sourcesFile: apt.sourcesFile,
		lists,
		archives: apt.archives,
		treeSources: undefined,
		async stanzas(packages) {
			const { stdout } = await context.run(
				"apt-cache",
				[
					"show",
					"-o",
					`Dir::State::Lists=${lists}`,
					...packages.map(
						({ name, version, arch }) =>
							`${name}${arch === "all" ? "" : `:${arch}`}=${version}`,
					),
				],
				{ env: aptEnvironment(apt), onLine: () => {} },
			);
			return stdout;
		},
		async release() {
			await lock.release();
			await removeTree(lists);
		},
	};
}

/**
 * The locked packages alone, in an archive made for this one installation. Their hashes were verified
 * when they were found, so the archive needs no signature.
 */
export async function lockedOffer(
	context: BackendContext,
	settings: RootfsSettings,
	locked: readonly PackageFile[],
): Promise<Offer> {
	const { debian } = settings;
	const files = await fetchDebian(context, settings, locked);
	const archive = join(context.temp, "archive");
	await mkdir(archive);
	const index = join(archive, "Packages");
	await writeFileAtomically(
		index,
		(
			await Promise.all(
				files.map((file, at) => stanzaOf(context, file, locked[at])),
			)
		).join("\n"),
	);
	await writeFileAtomically(
		join(archive, "Release"),
		await releaseText(debian.suite, index),
	);
	const apt = await fillAptRoot(
		context,
		join(context.temp, "apt"),
		`deb [trusted=yes] copy:${archive} ./`,
		debian.aptOptions,
	);
	await Promise.all(
		files.map((file, at) => {
			const one = locked[at];
			return one && linkOrCopy(file, join(apt.archives, archiveName(one)));
		}),
	);
	return {
		...choice(settings, locked),
		aptOptions: [],
		sourcesFile: apt.sourcesFile,
		lists: apt.lists,
		archives: apt.archives,
		treeSources: locked.some(({ name }) => name === "apt")
			? unsignedSources(debian).join("\n")
			: undefined,
		stanzas: () => readFile(index, "utf8"),
		async release() {
			await removeTree(apt.folder);
			await removeTree(archive);
		},
	};
}

/**
 * What mmdebstrap is asked for. Variants that go by priority are left alone: an archive may state other
 * priorities than the packages themselves, and all that belongs to them is locked by name.
 */
function choice(
	{ debian: { variant }, packages }: RootfsSettings,
	locked: readonly PackageFile[],
): Pick<Offer, "variant" | "include"> {
	return variant === "essential" || variant === "apt"
		? {
				variant,
				// `NAME/SUITE` chose a version, which is now the only one.
				include: packages.map((name) => name.replace(/\/.*$/, "")),
			}
		: { variant: "essential", include: locked.map(({ name }) => name) };
}

async function stanzaOf(
	context: BackendContext,
	file: string,
	one: PackageFile | undefined,
): Promise<string> {
	const { stdout } = await context.run("dpkg-deb", ["--field", file], {
		onLine: () => {},
	});
	return `${stdout.trimEnd()}\nFilename: ${one?.file}\nSize: ${(await stat(file)).size}\nSHA256: ${one?.sha256}\n`;
}

/** https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files */
async function releaseText(suite: string, index: string): Promise<string> {
	const content = await readFile(index);
	return `Suite: ${suite}\nCodename: ${suite}\nSHA256:\n ${sha256(content)} ${content.length} Packages\n`;
}
