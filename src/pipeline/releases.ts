import { createPublicKey } from "node:crypto";
import { resolve } from "node:path";
import {
	chooseRelease,
	type KeptRelease,
	keptReleases,
	pruneReleases,
	readRelease,
} from "../release/folder.ts";
import { readPrivateKey, readPublicKey } from "../release/keys.ts";
import type { Manifest } from "../release/manifest.ts";
import { checkFiles, type Signer, signerOf } from "../release/signature.ts";
import { ExpectedError } from "../system/errors.ts";
import { loadProject, type Project, releaseFolder } from "./project.ts";

interface Place {
	directory?: string | undefined;
	output?: string | undefined;
}

/** A kept release; `signer` is absent when the project's keys did not sign it. */
export interface ListedRelease extends KeptRelease {
	manifest?: Manifest;
	signer?: Signer;
}

/** The releases of a project's output folder, newest first; a broken one has no manifest. */
export async function listReleases(
	files: readonly string[],
	options: Place,
): Promise<ListedRelease[]> {
	const project = await loadProject({ files, directory: options.directory });
	return releasesOf(project, options.output);
}

/** The releases that are kept of a project, newest first. */
export async function releasesOf(
	project: Project,
	output?: string,
): Promise<ListedRelease[]> {
	const keys = await projectKeys(project);
	const kept = await keptReleases(releaseFolder(project, output));
	return Promise.all(
		kept.map(async (release) => {
			const manifest = await readRelease(release.folder).catch(() => undefined);
			if (!manifest) return release;
			const signer = await signerOf(release.folder, keys);
			return { ...release, manifest, ...(signer ? { signer } : {}) };
		}),
	);
}

/** Removes a project's old releases; returns their folders. */
export async function pruneProject(
	files: readonly string[],
	options: Place & { keep?: number | undefined },
): Promise<string[]> {
	const project = await loadProject({ files, directory: options.directory });
	return pruneReleases(
		releaseFolder(project, options.output),
		options.keep ?? project.config.value.release.keep,
	);
}

/**
 * Makes one of the kept releases the current one, which `boot`, `disk` and `deploy` take.
 * @param named its folder, or its id: the last part of the folder's name.
 * @throws ExpectedError (exit code 2) when there is no such release, or it is damaged.
 */
export async function useRelease(
	project: Project,
	named: string,
	output?: string,
): Promise<KeptRelease> {
	const path = releaseFolder(project, output);
	const release = await keptRelease(project, named, output);
	await readRelease(release.folder);
	await chooseRelease(path, release.folder);
	return { ...release, current: true };
}

/** @throws ExpectedError (exit code 2) when no kept release has this folder or id. */
export async function keptRelease(
	project: Project,
	named: string,
	output?: string,
): Promise<KeptRelease> {
	const kept = await keptReleases(releaseFolder(project, output));
	const found = kept.find(
		({ folder }) =>
			releaseId(folder) === named ||
			folder === resolve(project.startedIn, named),
	);
	if (found) return found;
	const ids = kept.map(({ folder }) => releaseId(folder));
	throw new ExpectedError({
		code: "RELEASE_NOT_KEPT",
		message: `${project.name} keeps no release ${named}`,
		hint:
			ids.length > 0
				? `it keeps ${ids.join(", ")}; see dock0 release list`
				: "dock0 build makes one",
	});
}

/** What tells the kept releases of a project apart: the last part of their folder's name. */
export function releaseId(folder: string): string {
	return folder.slice(-16);
}

/**
 * Checks every file of a kept release against its manifest.
 * @returns whether one of the project's keys signed it.
 * @throws ExpectedError (exit code 1) naming the file that differs.
 */
export async function checkRelease(
	project: Project,
	folder: string,
): Promise<Signer | undefined> {
	await checkFiles(folder);
	return signerOf(folder, await projectKeys(project));
}

async function projectKeys(project: Project) {
	const { sign, trust = [] } = project.config.value.release;
	const trusted = await Promise.all(trust.map(readPublicKey));
	return sign ? [...trusted, createPublicKey(readPrivateKey(sign))] : trusted;
}
