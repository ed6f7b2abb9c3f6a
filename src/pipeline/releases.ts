import { createPublicKey } from "node:crypto";
import {
	type KeptRelease,
	keptReleases,
	pruneReleases,
	readRelease,
} from "../release/folder.ts";
import { readPrivateKey, readPublicKey } from "../release/keys.ts";
import type { Manifest } from "../release/manifest.ts";
import { type Signer, signerOf } from "../release/signature.ts";
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
	const keys = await projectKeys(project);
	const kept = await keptReleases(releaseFolder(project, options.output));
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

async function projectKeys(project: Project) {
	const { sign, trust = [] } = project.config.value.release;
	const trusted = await Promise.all(trust.map(readPublicKey));
	return sign ? [...trusted, createPublicKey(readPrivateKey(sign))] : trusted;
}
