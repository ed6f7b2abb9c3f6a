import { resolve } from "node:path";
import { openRepository } from "../plan/remote/registry.ts";
import { publishRelease } from "../release/publish.ts";
import { interruptSignal } from "../system/cleanup.ts";
import { ExpectedError } from "../system/errors.ts";
import { dockerLogin } from "./docker-login.ts";

/** distribution-spec v1.1, "Pulling manifests": names of repositories and tags. */
const placePattern =
	/^(oci(?:\+http)?:\/\/[^/\s]+\/[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?$/;

/**
 * Puts a release into a registry for hosts to take from.
 * @param place `oci://HOST/REPOSITORY[:TAG]`, `oci+http://…`; the tag is `latest` by default.
 * @returns where it is now, without credentials, and its bytes.
 * @throws ExpectedError, see `publishRelease`.
 */
export async function pushRelease(
	folder: string,
	place: string,
): Promise<{ place: string; bytes: number }> {
	const [, url, tag = "latest"] = placePattern.exec(place) ?? [];
	if (url === undefined || !URL.canParse(url.replace(/^oci(\+http)?/, "https")))
		throw new ExpectedError({
			code: "RELEASE_PLACE_INVALID",
			message: `'${place}' is no place in a registry`,
			hint: "oci://HOST/REPOSITORY:TAG, such as oci://registry.example.org/web1:stable",
		});
	const repository = openRepository(url, dockerLogin);
	const bytes = await publishRelease(
		resolve(folder),
		repository,
		tag,
		interruptSignal(),
	);
	return { place: `${repository.name}:${tag}`, bytes };
}
