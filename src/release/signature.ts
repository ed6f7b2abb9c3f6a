import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import { sha256File } from "../system/files.ts";
import { readRelease } from "./folder.ts";
import { keyId, publicPem, readPrivateKey, readPublicKey } from "./keys.ts";
import type { Manifest } from "./manifest.ts";
import type { ReleaseSettings } from "./schema.ts";

/** The raw 64-byte Ed25519 signature of `manifest.json`'s bytes (docs/disk.md); always the same (RFC 8032). */
export const signatureFile = "manifest.sig";

/** Signs the bytes of a manifest. */
export function signManifest(manifest: Uint8Array, key: KeyObject): Uint8Array {
	return sign(null, manifest, key);
}

/**
 * The public keys that a host of this config accepts, as files for its root: `/usr/lib/dock0/keys.d/ID.pem`.
 * Depends on public keys only, so that signing leaves no trace of the private one in the cache.
 * @throws ExpectedError when a key cannot be read.
 */
export async function trustedKeys({
	sign: signing,
	trust,
}: Pick<ReleaseSettings, "sign" | "trust">): Promise<Record<string, string>> {
	const keys = trust
		? await Promise.all(trust.map(readPublicKey))
		: signing
			? [createPublicKey(readPrivateKey(signing))]
			: [];
	return Object.fromEntries(
		keys.map((key) => [
			`usr/lib/dock0/keys.d/${keyId(key)}.pem`,
			publicPem(key),
		]),
	);
}

/** Whose signature a release carries: the id of a key, `nobody` without a signature. */
export type Signer = { id: string } | "nobody";

/**
 * Checks a release as a host would: the signature of its manifest, then every file's hash.
 * @param keyFiles public keys of which one must have signed it.
 * @throws ExpectedError (exit code 1) naming what is wrong.
 */
export async function verifyRelease(
	folder: string,
	keyFiles: readonly string[],
): Promise<{ manifest: Manifest; id: string }> {
	const keys = await Promise.all(keyFiles.map(readPublicKey));
	const signer = await signerOf(folder, keys);
	if (signer === "nobody")
		throw failure(
			"RELEASE_UNSIGNED",
			`${folder} has no signature`,
			"set release.sign and build again",
		);
	if (!signer)
		throw failure(
			"RELEASE_SIGNATURE_WRONG",
			`the signature of ${folder} is by none of the keys ${keys.map(keyId).join(", ")}, or its manifest was changed`,
			"do not use it unless you know why",
		);
	return { manifest: await checkFiles(folder), id: signer.id };
}

/**
 * Compares the hash of every file of a release with its manifest.
 * @throws ExpectedError: exit code 1 for a file that differs, 2 when it is no complete release.
 */
export async function checkFiles(folder: string): Promise<Manifest> {
	const manifest = await readRelease(folder);
	for (const [name, { sha256 }] of Object.entries(manifest.files))
		if ((await sha256File(join(folder, name))) !== sha256)
			throw failure(
				"RELEASE_FILE_CHANGED",
				`${name} of ${folder} is not what its manifest says`,
				"build or copy it again",
			);
	return manifest;
}

/** Which of `keys` signed the release; undefined when none of them did. */
export async function signerOf(
	folder: string,
	keys: readonly KeyObject[],
): Promise<Signer | undefined> {
	const signature = await readFile(join(folder, signatureFile)).catch(
		() => undefined,
	);
	if (!signature) return "nobody";
	const manifest = await readFile(join(folder, "manifest.json"));
	const key = keys.find((candidate) =>
		verify(null, manifest, candidate, signature),
	);
	return key && { id: keyId(key) };
}

function failure(code: string, message: string, hint: string): ExpectedError {
	return new ExpectedError({ code, message, hint }, { exitCode: 1 });
}
