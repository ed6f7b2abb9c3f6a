import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { verifyImage } from "../release/signed-image.ts";
import { ExpectedError } from "../system/errors.ts";
import { sha256File } from "../system/files.ts";
import type { Artefact } from "./provider.ts";

/**
 * Looks at a gzipped raw disk image, and checks its signature.
 * @param pems public keys of which one must have signed it; none: it needs no signature.
 * @throws ExpectedError (exit code 2) when it is missing, no complete gzip file, or not signed as it has to be.
 */
export async function readArtefact(
	file: string,
	pems: readonly string[] = [],
): Promise<Artefact> {
	const artefact = await measure(file);
	return { ...artefact, signed: await verifyImage(file, artefact, pems) };
}

async function measure(file: string): Promise<Artefact> {
	let diskBytes = 0;
	const hash = createHash("sha256");
	const count = new Writable({
		write(chunk: Buffer, _, done) {
			diskBytes += chunk.length;
			hash.update(chunk);
			done();
		},
	});
	try {
		const { size } = await stat(file);
		const [sha256] = await Promise.all([
			sha256File(file),
			pipeline(createReadStream(file), createGunzip(), count),
		]);
		return {
			file,
			sha256,
			bytes: size,
			diskBytes,
			diskSha256: hash.digest("hex"),
		};
	} catch (error) {
		throw new ExpectedError(
			{
				code: "DEPLOY_IMAGE_UNREADABLE",
				message: `${file} is no gzipped disk image: ${error instanceof Error ? error.message : String(error)}`,
				hint: "make one by dock0 disk",
			},
			{ cause: error },
		);
	}
}
