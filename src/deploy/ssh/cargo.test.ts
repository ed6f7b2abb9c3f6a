import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { run } from "../../system/process.ts";
import { type Cargo, initrdCargo, kexecCargo } from "./cargo.ts";
import { hashOfHead, headOf } from "./image-facts.ts";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-cargo-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function bytesOf({ chunks }: Cargo): Promise<Buffer> {
	const parts: Uint8Array[] = [];
	for await (const chunk of chunks()) parts.push(chunk);
	return Buffer.concat(parts);
}

it("puts the image behind an initramfs of any length, in a form that cpio(1) reads", async () => {
	const base = join(folder, "base");
	const image = join(folder, "image");
	await writeFile(image, "packed image");
	for (const length of [4, 5, 6, 7]) {
		await writeFile(base, "b".repeat(length));
		const cargo = await initrdCargo(base, image, {
			plan: Buffer.from("id='1'\n"),
		});
		const bytes = await bytesOf(cargo);
		expect(bytes.length).toBe(cargo.bytes);
		const archive = bytes.subarray(Math.ceil(length / 4) * 4);
		const target = join(folder, `out-${length}`);
		await mkdir(join(target, "install"), { recursive: true });
		await run("cpio", ["-i", "--quiet"], { cwd: target, input: archive });
		expect(await readFile(join(target, "install/disk.img.gz"), "utf8")).toBe(
			"packed image",
		);
		expect(await readFile(join(target, "install/plan"), "utf8")).toBe(
			"id='1'\n",
		);
	}
});

it("packs programs as tar(1) unpacks them", async () => {
	await mkdir(join(folder, "tools/bin"), { recursive: true });
	await writeFile(join(folder, "tools/bin/kexec"), "program");
	const cargo = await kexecCargo(join(folder, "tools"));
	const { stdout } = await run("tar", ["-tvf", "-"], {
		input: await bytesOf(cargo),
	});
	expect(stdout).toMatch(/^-rwxr-xr-x .* bin\/kexec$/m);
});

it("reads the head of a packed image, and hashes more of it", async () => {
	const raw = join(folder, "disk");
	await writeFile(raw, randomBytes(16 << 20));
	const bytes = await readFile(raw);
	const file = `${raw}.gz`;
	await writeFile(file, gzipSync(bytes));
	expect((await headOf(file, 5000)).equals(bytes.subarray(0, 5000))).toBe(true);
	expect(await hashOfHead(file, 8192 * 512)).toBe(
		createHash("sha256")
			.update(bytes.subarray(0, 8192 * 512))
			.digest("hex"),
	);
});
