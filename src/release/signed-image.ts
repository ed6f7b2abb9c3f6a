import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import * as z from "zod";
import { ExpectedError } from "../system/errors.ts";
import { writeFileAtomically } from "../system/files.ts";
import { keyId, publicPem } from "./keys.ts";

/** What a signed disk image is: written beside it as `FILE.json`, one key a line, for shell scripts. */
const imageManifestSchema = z.object({
	format: z.literal(1),
	/** The host, and its release's version. */
	name: z.string(),
	version: z.string(),
	/** Of the gzipped file. */
	bytes: z.number(),
	sha256: z.string(),
	/** Of the disk inside. */
	diskBytes: z.number(),
	diskSha256: z.string(),
});

export type ImageManifest = z.infer<typeof imageManifestSchema>;

/** An image's manifest with what proves it. */
export interface ImageSignature {
	/** The bytes of the manifest. */
	manifest: Uint8Array;
	/** Raw Ed25519, 64 bytes. */
	signature: Uint8Array;
	/** The public key (PEM) that it is by. */
	key: string;
}

const manifestOf = (file: string): string => `${file}.json`;
const signatureOf = (file: string): string => `${file}.json.sig`;

/** Writes manifest and signature beside a disk image; without a key removes those of before. */
export async function signImage(
	file: string,
	manifest: ImageManifest,
	key: KeyObject | undefined,
): Promise<void> {
	// Never a signature beside a manifest that it is not by.
	await rm(signatureOf(file), { force: true });
	await rm(manifestOf(file), { force: true });
	if (!key) return;
	const text = Buffer.from(`${JSON.stringify(manifest, undefined, "\t")}\n`);
	await writeFileAtomically(manifestOf(file), text);
	await writeFileAtomically(signatureOf(file), sign(null, text, key));
}

/**
 * Checks the signature of a disk image.
 * @param found what the image really is.
 * @param pems public keys of which one must have signed it; none: nothing is asked for.
 * @returns undefined when no key is given.
 * @throws ExpectedError (exit code 2) DEPLOY_IMAGE_UNSIGNED, DEPLOY_IMAGE_SIGNATURE_WRONG.
 */
export async function verifyImage(
	file: string,
	found: Omit<ImageManifest, "format" | "name" | "version">,
	pems: readonly string[],
): Promise<ImageSignature | undefined> {
	if (pems.length === 0) return undefined;
	const [manifest, signature] = await Promise.all(
		[manifestOf(file), signatureOf(file)].map((one) =>
			readFile(one).catch(() => undefined),
		),
	);
	if (!manifest || !signature)
		throw new ExpectedError({
			code: "DEPLOY_IMAGE_UNSIGNED",
			message: `${file} has no signature (${manifestOf(file)} and .sig beside it), but this config wants one`,
			hint: "make it by dock0 disk with release.sign, or bring all three files",
		});
	const keys = pems.map((pem) => createPublicKey(pem));
	const key = keys.find((one) => verify(null, manifest, one, signature));
	if (!key || !isAbout(manifest, found))
		throw new ExpectedError({
			code: "DEPLOY_IMAGE_SIGNATURE_WRONG",
			message: key
				? `${file} is not the image that ${manifestOf(file)} is about`
				: `the signature of ${file} is by none of the keys ${keys.map(keyId).join(", ")}, or its manifest was changed`,
			hint: "make the image again, or find out who changed it",
		});
	return { manifest, signature, key: publicPem(key) };
}

function isAbout(
	manifest: Uint8Array,
	found: Omit<ImageManifest, "format" | "name" | "version">,
): boolean {
	const { bytes, sha256, diskBytes, diskSha256 } = imageManifestSchema.parse(
		JSON.parse(Buffer.from(manifest).toString("utf8")),
	);
	return (
		bytes === found.bytes &&
		sha256 === found.sha256 &&
		diskBytes === found.diskBytes &&
		diskSha256 === found.diskSha256
	);
}
