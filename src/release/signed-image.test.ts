import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { newKey, publicPem, readPrivateKey, readPublicKey } from "./keys.ts";
import { type ImageManifest, signImage, verifyImage } from "./signed-image.ts";

let folder: string;
let file: string;
const manifest: ImageManifest = {
	...{ format: 1, name: "web1", version: "1.0" },
	...{ bytes: 3, sha256: "aa", diskBytes: 9, diskSha256: "bb" },
};

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-signed-"));
	file = join(folder, "web1.img.gz");
	await writeFile(file, "xyz");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function pair(name: string) {
	const { privateFile, publicFile } = await newKey(folder, name);
	return {
		key: readPrivateKey({ key: privateFile }),
		pem: publicPem(await readPublicKey(publicFile)),
	};
}

it("tells which trusted key signed an image, and asks for nothing without keys", async () => {
	const [one, two] = [await pair("one"), await pair("two")];
	await signImage(file, manifest, two.key);
	expect((await verifyImage(file, manifest, [one.pem, two.pem]))?.key).toBe(
		two.pem,
	);
	expect(await verifyImage(file, manifest, [])).toBeUndefined();
});

it("refuses what is unsigned, signed by a stranger, changed, or about another image", async () => {
	const [one, two] = [await pair("one"), await pair("two")];
	const verify = (found = manifest) => verifyImage(file, found, [one.pem]);
	await expect(verify()).rejects.toMatchObject({
		code: "DEPLOY_IMAGE_UNSIGNED",
	});
	await signImage(file, manifest, two.key);
	const wrong = { code: "DEPLOY_IMAGE_SIGNATURE_WRONG" };
	await expect(verify()).rejects.toMatchObject(wrong);
	await signImage(file, manifest, one.key);
	await expect(verify({ ...manifest, diskSha256: "cc" })).rejects.toThrow(
		/not the image/,
	);
	await writeFile(`${file}.json`, "{}");
	await expect(verify()).rejects.toMatchObject(wrong);
});

it("leaves no signature of before beside an image that is not signed now", async () => {
	const one = await pair("one");
	await signImage(file, manifest, one.key);
	await signImage(file, manifest, undefined);
	await expect(verifyImage(file, manifest, [one.pem])).rejects.toMatchObject({
		code: "DEPLOY_IMAGE_UNSIGNED",
	});
});
