import { resolve } from "node:path";
import { keptReleases } from "../release/folder.ts";
import { ExpectedError } from "../system/errors.ts";
import { loadProject, releaseFolder } from "./project.ts";

/** The folder of a release: the one that is named, else where the project of this folder is built. */
export async function findRelease(named: string | undefined): Promise<string> {
	if (named !== undefined) return resolve(named);
	return releaseFolder(await loadProject({ files: [] }));
}

/**
 * Two releases to compare: those named; with one, it and the project's current release; with none, the
 * project's release before the current one, and that.
 * @throws ExpectedError (exit code 2) when there is nothing to compare with.
 */
export async function findReleases(
	before: string | undefined,
	after: string | undefined,
): Promise<[before: string, after: string]> {
	if (before !== undefined) return [resolve(before), await findRelease(after)];
	const folder = await findRelease(undefined);
	const earlier = (await keptReleases(folder)).find(({ current }) => !current);
	if (!earlier)
		throw new ExpectedError({
			code: "RELEASE_NO_EARLIER",
			message: `${folder} has no earlier release to compare with`,
			hint: "name two release folders",
		});
	return [earlier.folder, folder];
}
