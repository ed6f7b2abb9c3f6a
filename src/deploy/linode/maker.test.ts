import { createHash } from "node:crypto";
import {
	chmod,
	mkdir,
	mkdtemp,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { newKey, readPrivateKey, readPublicKey } from "../../release/keys.ts";
import { signImage, verifyImage } from "../../release/signed-image.ts";
import { packageFile } from "../../system/package-files.ts";
import { run } from "../../system/process.ts";

let folder: string;
const disk = Buffer.alloc(6 * 1024 * 1024, "disk");
const sha256 = (bytes: Uint8Array): string =>
	createHash("sha256").update(bytes).digest("hex");

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-maker-"));
	await mkdir(join(folder, "bin"));
	// The machine of this test stays on.
	for (const name of ["poweroff", "sync"]) {
		await writeFile(
			join(folder, "bin", name),
			`#!/bin/sh\necho ${name} >> "${join(folder, "called")}"\n`,
		);
		await chmod(join(folder, "bin", name), 0o755);
	}
	await writeFile(join(folder, "image.gz"), gzipSync(disk));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs the real script against a file; returns what it said. */
async function make(fields: Record<string, string>): Promise<string> {
	const heard = join(folder, "console");
	await run("sh", [packageFile("profiles/linode/maker.sh")], {
		env: {
			PATH: `${join(folder, "bin")}:${process.env.PATH}`,
			URL: `file://${join(folder, "image.gz")}`,
			BYTES: String(disk.length),
			SHA256: sha256(disk),
			TARGET: join(folder, "target"),
			DOCK0_CONSOLE: heard,
			DOCK0_CACHES: "/dev/null",
			...fields,
		},
	});
	expect(await readFile(join(folder, "called"), "utf8")).toContain("poweroff");
	return readFile(heard, "utf8");
}

async function signed(
	name: string,
	diskSha256: string,
): Promise<Record<string, string>> {
	const key = await newKey(join(folder, "keys"), name);
	const file = join(folder, "image.gz");
	const packed = await readFile(file);
	const found = {
		bytes: packed.length,
		sha256: sha256(packed),
		diskBytes: disk.length,
		diskSha256,
	};
	await signImage(
		file,
		{ format: 1, name: "web1", version: "1", ...found },
		readPrivateKey({ key: key.privateFile }),
	);
	const pem = (await readPublicKey(key.publicFile))
		.export({ type: "spki", format: "pem" })
		.toString();
	const proof = await verifyImage(file, found, [pem]);
	const base64 = (bytes: Uint8Array | string | undefined): string =>
		Buffer.from(bytes ?? "").toString("base64");
	return {
		MANIFEST: base64(proof?.manifest),
		SIGNATURE: base64(proof?.signature),
		KEY: base64(proof?.key),
	};
}

const written = (): Promise<Buffer> =>
	readFile(join(folder, "target")).catch(() => Buffer.alloc(0));

it("writes the disk when its signature and its hash are right", async () => {
	expect(await make(await signed("a", sha256(disk)))).toMatch(
		/signature is right[\s\S]*written and checked/,
	);
	expect((await written()).equals(disk)).toBe(true);
});

it("needs no signature when the config trusts no key", async () => {
	expect(await make({})).toContain("written and checked");
});

it("refuses a signature of another key, of another disk, and a changed manifest", async () => {
	const right = await signed("a", sha256(disk));
	const other = await signed("b", sha256(disk));
	const changed = Buffer.from(right.MANIFEST ?? "", "base64")
		.toString()
		.replace('"web1"', '"web2"');
	for (const [fields, words] of [
		[{ ...right, SIGNATURE: other.SIGNATURE ?? "" }, "signature of the image"],
		[{ ...right, MANIFEST: btoa(changed) }, "signature of the image is wrong"],
		[await signed("c", sha256(Buffer.from("x"))), "about another disk"],
	] as const) {
		expect(await make(fields)).toContain(words);
		expect((await written()).every((byte) => byte === 0)).toBe(true);
	}
});

it("makes a disk unbootable that is not the promised one", async () => {
	const said = await make({ SHA256: sha256(Buffer.from("other")) });
	expect(said).toContain("not what was promised");
	expect((await written()).subarray(0, 4 << 20).every((byte) => !byte)).toBe(
		true,
	);
});
