import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Layer, Repository } from "../plan/remote/registry.ts";
import { fileBody } from "../plan/remote/transfer.ts";
import { ExpectedError, stepFailure } from "../system/errors.ts";
import { sha256File } from "../system/files.ts";
import { contentsFile } from "./contents.ts";
import { checkFiles, signatureFile } from "./signature.ts";

/** What the artefact is, for people who look at the registry (image-spec, guidelines for artefact usage). */
const releaseType = "application/vnd.dock0.release.v1";

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md: the name of a layer's file. */
const titleKey = "org.opencontainers.image.title";

/**
 * Puts a signed release into a repository of a registry, from which `dock0-update install oci://…` takes it: an
 * artefact whose layers are the release's files.
 * @param folder the release's
 * @param tag an existing one is moved to this release, after all files are there
 * @returns the bytes of all its files
 * @throws ExpectedError with exit code 2 for what is no signed release, 1 when it is damaged or the registry does
 * not take it.
 */
export async function publishRelease(
	folder: string,
	repository: Repository,
	tag: string,
	signal: AbortSignal,
): Promise<number> {
	const { files } = await checkFiles(folder);
	if (!existsSync(join(folder, signatureFile)))
		throw new ExpectedError({
			code: "RELEASE_UNSIGNED",
			message: `${folder} is not signed, so that no host would take it`,
			hint: "set release.sign.key and build it again; dock0 keys new makes a key",
		});
	const names = [
		...Object.keys(files),
		...["manifest.json", signatureFile],
		...(existsSync(join(folder, contentsFile)) ? [contentsFile] : []),
	];
	const layers: Layer[] = [];
	try {
		for (const name of names) {
			const path = join(folder, name);
			const { size } = await stat(path);
			const digest = `sha256:${files[name]?.sha256 ?? (await sha256File(path))}`;
			await repository.uploadBlob(digest, () => fileBody(path, size), signal);
			layers.push({
				mediaType: "application/octet-stream",
				digest,
				size,
				annotations: { [titleKey]: name },
			});
		}
		await repository.tag(tag, { type: releaseType, layers }, signal);
	} catch (error) {
		signal.throwIfAborted();
		throw stepFailure({
			code: "REGISTRY_REFUSED",
			message: `${repository.name} does not take the release: ${error instanceof Error ? error.message : String(error)}`,
			hint: "is the place right, and does docker login know the registry?",
		});
	}
	return layers.reduce((sum, { size }) => sum + size, 0);
}
