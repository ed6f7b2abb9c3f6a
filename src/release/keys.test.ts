import { spawnSync } from "node:child_process";
import {
	chmod,
	mkdtemp,
	readFile,
	rm,
	stat,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../system/files.ts";
import { listKeys, newKey, readPrivateKey, rotateKey } from "./keys.ts";
import { signManifest, trustedKeys, verifyRelease } from "./signature.ts";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-keys-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A release folder, signed by `keyFile`. */
async function makeRelease(keyFile: string): Promise<string> {
	const content = "the root image";
	const names = ["vmlinuz", "initramfs", "root.squashfs"];
	const facts = { bytes: content.length, sha256: sha256(content) };
	const manifest = Buffer.from(
		JSON.stringify({
			name: "web1",
			version: "1.0",
			root: { file: "root.squashfs", type: "squashfs" },
			files: Object.fromEntries(names.map((name) => [name, facts])),
		}),
	);
	for (const name of names) await writeFile(join(folder, name), content);
	await writeFile(join(folder, "manifest.json"), manifest);
	await writeFile(
		join(folder, "manifest.sig"),
		signManifest(manifest, readPrivateKey({ key: keyFile })),
	);
	return folder;
}

describe("keys", () => {
	it("are made with a private half for the owner only, which git leaves alone", async () => {
		const key = await newKey(join(folder, "keys"), "release");
		const { mode } = await stat(key.privateFile ?? "");
		expect(mode & 0o777).toBe(0o600);
		expect(await readFile(join(folder, "keys/.gitignore"), "utf8")).toBe(
			"*.key\n",
		);
		expect(await listKeys(join(folder, "keys"))).toEqual([key]);
	});

	it("are never overwritten, and have names that are file names", async () => {
		await newKey(folder, "release");
		await expect(newKey(folder, "release")).rejects.toMatchObject({
			code: "KEY_EXISTS",
		});
		await expect(newKey(folder, "../release")).rejects.toMatchObject({
			code: "KEY_NAME_INVALID",
		});
	});

	it("have numbered successors", async () => {
		await newKey(folder, "release");
		const first = await rotateKey(folder, "release");
		const second = await rotateKey(folder, "release-2");
		expect([first.next.name, second.next.name]).toEqual([
			"release-2",
			"release-3",
		]);
		await expect(rotateKey(folder, "other")).rejects.toMatchObject({
			code: "KEY_MISSING",
		});
	});

	it("are refused when others can read them, or when they are something else", async () => {
		const { privateFile = "" } = await newKey(folder, "release");
		await chmod(privateFile, 0o644);
		expect(() => readPrivateKey({ key: privateFile })).toThrow(/chmod|others/);
		const text = await readFile(privateFile, "utf8");
		expect(readPrivateKey({ pem: text }).asymmetricKeyType).toBe("ed25519");
		expect(() => readPrivateKey({ pem: "no key" })).toThrow(/no Ed25519 key/);
		expect(() => readPrivateKey({ key: join(folder, "none") })).toThrow(
			/cannot be read/,
		);
	});

	it("trusted by default are those that sign, and otherwise exactly the listed ones", async () => {
		const old = await newKey(folder, "release");
		const { next } = await rotateKey(folder, "release");
		const sign = { key: old.privateFile };
		expect(Object.keys(await trustedKeys({ sign }))).toEqual([
			`usr/lib/dock0/keys.d/${old.id}.pem`,
		]);
		expect(
			Object.keys(
				await trustedKeys({ sign, trust: [old.publicFile, next.publicFile] }),
			),
		).toEqual([
			`usr/lib/dock0/keys.d/${old.id}.pem`,
			`usr/lib/dock0/keys.d/${next.id}.pem`,
		]);
		expect(await trustedKeys({})).toEqual({});
	});
});

describe("a signature", () => {
	it("is what openssl accepts, as a host does", async () => {
		const { privateFile = "", publicFile } = await newKey(folder, "release");
		await makeRelease(privateFile);
		const { status } = spawnSync("openssl", [
			...["pkeyutl", "-verify", "-pubin", "-inkey", publicFile, "-rawin"],
			...["-in", join(folder, "manifest.json")],
			...["-sigfile", join(folder, "manifest.sig")],
		]);
		expect(status).toBe(0);
	});

	it("by one of the given keys is enough", async () => {
		const key = await newKey(folder, "release");
		const other = await newKey(folder, "other");
		await makeRelease(key.privateFile ?? "");
		await expect(
			verifyRelease(folder, [other.publicFile, key.publicFile]),
		).resolves.toMatchObject({ id: key.id });
	});

	it("by another key, of a changed manifest, or absent is refused, and so is a changed file", async () => {
		const key = await newKey(folder, "release");
		const other = await newKey(folder, "other");
		await makeRelease(key.privateFile ?? "");
		const refused = (code: string, file = key.publicFile) =>
			expect(verifyRelease(folder, [file])).rejects.toMatchObject({
				code,
				exitCode: 1,
			});
		await refused("RELEASE_SIGNATURE_WRONG", other.publicFile);
		await writeFile(join(folder, "root.squashfs"), "the root imagE");
		await refused("RELEASE_FILE_CHANGED");
		const manifest = await readFile(join(folder, "manifest.json"), "utf8");
		await writeFile(join(folder, "manifest.json"), `${manifest} `);
		await refused("RELEASE_SIGNATURE_WRONG");
		await rm(join(folder, "manifest.sig"));
		await refused("RELEASE_UNSIGNED");
	});
});
