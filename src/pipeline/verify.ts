import { chmod, cp, mkdir, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareEntries, firstDifference, sizeOf } from "../release/compare.ts";
import { configFile, listImage, parseListing } from "../release/contents.ts";
import { readRelease } from "../release/folder.ts";
import type { Manifest } from "../release/manifest.ts";
import { signatureFile } from "../release/signature.ts";
import { interruptSignal } from "../system/cleanup.ts";
import { environment } from "../system/environment.ts";
import { ExpectedError } from "../system/errors.ts";
import { removeTree, runInNamespace } from "../system/namespace.ts";
import { packageFile } from "../system/package-files.ts";
import { run } from "../system/process.ts";
import { type Project, releaseFolder } from "./project.ts";

export interface VerifyOptions {
	/** The layers as they were named on the command line. */
	files: readonly string[];
	/** Rebuild as this user; only root may ask for it. */
	user?: string | undefined;
	/** Gets the lines of the build. */
	onLine(line: string): void;
}

/** How a file of the release differs from its rebuilt twin. */
export interface FileDifference {
	file: string;
	/** Sizes; undefined where the file is missing. */
	bytes: { release: number | undefined; rebuilt: number | undefined };
	/** Offset of the first byte that differs. */
	offset?: number;
	/** For the root: which paths inside differ. Empty when the trees are equal and only their packing differs. */
	inside?: string[];
}

export interface Verification {
	/** Files that are the same, byte for byte. */
	same: string[];
	/** In the order in which a boot reads them. */
	different: FileDifference[];
}

/** What tells of the build and not of the host, and what only the owner of a key can make. */
const leftOut = [configFile, signatureFile];

/**
 * Builds a project again with an empty cache, in another folder and time zone, and compares every file with
 * those of a release.
 * @throws ExpectedError when the release is incomplete or that of another project, or the build fails.
 */
export async function rebuildAndCompare(
	release: string,
	project: Project,
	options: VerifyOptions,
): Promise<Verification> {
	const manifest = await readRelease(release);
	if (manifest.name !== project.name)
		throw new ExpectedError({
			code: "VERIFY_OTHER_PROJECT",
			message: `${release} is a release of ${manifest.name}, and the config builds ${project.name}`,
			hint: "name the layers that it was built from",
		});
	const workshop = await mkdtemp(join(tmpdir(), "dock0-verify-"));
	try {
		const rebuilt = await rebuild(project, workshop, options);
		return await compareReleases(release, rebuilt, manifest, workshop);
	} finally {
		await removeTree(workshop);
	}
}

async function rebuild(
	project: Project,
	workshop: string,
	{ files, user, onLine }: VerifyOptions,
): Promise<string> {
	const cache = join(workshop, "cache");
	const output = join(workshop, "output");
	await mkdir(cache);
	await mkdir(output);
	// Downloads are verified at each use, so that they need not be fetched again.
	const downloads = join(environment().cacheDir, "packages");
	await cp(downloads, join(cache, "packages"), {
		recursive: true,
		preserveTimestamps: true,
	}).catch((error: NodeJS.ErrnoException) => {
		if (error.code !== "ENOENT") throw error;
	});
	const command = [
		process.execPath,
		packageFile("bin/dock0.js"),
		...["build", ...files, "-C", project.startedIn, "-o", output],
	];
	const asUser = user === undefined ? [] : await becomeUser(user, workshop);
	const [program = "", ...args] = [...asUser, ...command];
	await run(program, args, {
		signal: interruptSignal(),
		// The folder that we are in may be one that the other user must not enter.
		cwd: project.startedIn,
		onLine,
		env: {
			DOCK0_CACHE_DIR: cache,
			DOCK0_CACHE_FROM: "",
			DOCK0_CACHE_TO: "",
			TZ: "Pacific/Kiritimati",
			LC_ALL: "C",
		},
	});
	return releaseFolder(project, output);
}

/** The start of a command line that runs the rest as `user`, who gets the workshop. */
async function becomeUser(user: string, workshop: string): Promise<string[]> {
	if (!environment().isRoot)
		throw new ExpectedError({
			code: "VERIFY_NOT_ROOT",
			message: "only root can rebuild as another user",
			hint: "leave --user out, or run as root",
		});
	const { stdout } = await run("getent", ["passwd", user], {
		okExitCodes: [0, 2],
	});
	const [, , uid, gid, , home = "/"] = stdout.trim().split(":");
	if (!uid || !gid)
		throw new ExpectedError({
			code: "VERIFY_NO_USER",
			message: `there is no user ${user}`,
			hint: "it needs a range in /etc/subuid as well, as adduser gives it",
		});
	await run("chown", ["-R", `${uid}:${gid}`, workshop]);
	await chmod(workshop, 0o755);
	return [
		...["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"],
		...["--inh-caps=-all", "--", "env", `HOME=${home}`],
	];
}

/** Compares what lies in two release folders. */
export async function compareReleases(
	release: string,
	rebuilt: string,
	manifest: Manifest,
	workshop: string,
): Promise<Verification> {
	const order = Object.keys(manifest.files);
	const rank = (file: string): number => {
		const at = order.indexOf(file);
		return at < 0 ? order.length : at;
	};
	const names = new Set([
		...(await readdir(release)),
		...(await readdir(rebuilt)),
	]);
	const result: Verification = { same: [], different: [] };
	const sorted = [...names]
		.filter((name) => !leftOut.includes(name))
		.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
	for (const file of sorted) {
		const [ours, theirs] = [join(release, file), join(rebuilt, file)];
		const bytes = {
			release: await sizeOf(ours),
			rebuilt: await sizeOf(theirs),
		};
		if (bytes.release === undefined || bytes.rebuilt === undefined) {
			result.different.push({ file, bytes });
			continue;
		}
		const offset = await firstDifference(ours, theirs);
		if (offset === undefined) result.same.push(file);
		else
			result.different.push({
				file,
				bytes,
				offset,
				...(file === manifest.root.file
					? { inside: await compareRoots(ours, theirs, manifest, workshop) }
					: {}),
			});
	}
	return result;
}

/** By the images themselves: a listing beside one may not be that of this image. */
async function compareRoots(
	release: string,
	rebuilt: string,
	{ root: { type } }: Manifest,
	workshop: string,
): Promise<string[]> {
	const entriesOf = async (file: string) => {
		const temp = await mkdtemp(join(workshop, "root-"));
		const { listing, hashes } = await listImage(
			runInNamespace,
			{ file, type },
			temp,
		);
		await removeTree(temp);
		return parseListing(listing, hashes, new Map());
	};
	return compareEntries(await entriesOf(release), await entriesOf(rebuilt));
}
