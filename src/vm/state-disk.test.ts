import {
	mkdtemp,
	open,
	readdir,
	readFile,
	rm,
	stat,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureStateDisk, guestMakesIt, parseDiskSize } from "./state-disk.ts";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-state-test-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("ensureStateDisk", () => {
	it("makes a sparse, labelled ext4 disk of the given size", async () => {
		const disk = join(folder, "new", "state.img");
		expect(await ensureStateDisk(disk, "1G")).toEqual({ created: true });
		const { size, blocks } = await stat(disk);
		expect(size).toBe(1024 ** 3);
		expect(blocks * 512).toBeLessThan(size / 10);
		const bytes = Buffer.alloc(2048);
		const file = await open(disk);
		await file.read(bytes);
		await file.close();
		// ext4's superblock is at byte 1024: magic at 0x38, label at 0x78 (ext4 disk layout, kernel.org)
		expect(bytes.readUInt16LE(1024 + 0x38)).toBe(0xef53);
		expect(
			bytes
				.toString("latin1", 1024 + 0x78, 1024 + 0x78 + 16)
				.replaceAll("\0", ""),
		).toBe("dock0-state");
		expect(await readdir(join(folder, "new"))).toEqual(["state.img"]);
	});

	it("leaves it empty for a guest that makes its own", async () => {
		const disk = join(folder, "empty.img");
		await ensureStateDisk(disk, "64M", { empty: true });
		const { size, blocks } = await stat(disk);
		expect([size, blocks]).toEqual([64 * 1024 ** 2, 0]);
		const plain = {
			filesystem: "ext4",
			label: "dock0-state",
			encryption: "none",
		};
		expect(guestMakesIt(plain)).toBe(false);
		for (const other of [
			{ filesystem: "xfs" },
			{ label: "x" },
			{ encryption: "random" },
		])
			expect(guestMakesIt({ ...plain, ...other })).toBe(true);
	});

	it("never touches what is there", async () => {
		const disk = join(folder, "state.img");
		await writeFile(disk, "precious");
		expect(await ensureStateDisk(disk, "1G")).toEqual({ created: false });
		expect(await readFile(disk, "utf8")).toBe("precious");
	});

	it("lets one of two makers win", async () => {
		const disk = join(folder, "state.img");
		const made = await Promise.all([
			ensureStateDisk(disk, "64M"),
			ensureStateDisk(disk, "64M"),
		]);
		expect(made.filter(({ created }) => created)).toHaveLength(1);
		expect(await readdir(folder)).toEqual(["state.img"]);
	});

	it("leaves nothing behind when it fails", async () => {
		const disk = join(folder, "state.img");
		await expect(
			ensureStateDisk(disk, "1M", { signal: AbortSignal.abort() }),
		).rejects.toThrow();
		expect(await readdir(folder)).toEqual([]);
	});
});

describe("parseDiskSize", () => {
	it("counts in powers of 1024", () => {
		expect(parseDiskSize("512M")).toBe(512 * 1024 ** 2);
		expect(parseDiskSize("2T")).toBe(2 * 1024 ** 4);
	});
	it.each(["", "8", "8GB", "0G", "-1G", "1.5G", "8g"])("refuses %j", (text) => {
		expect(() => parseDiskSize(text)).toThrow("not a disk size");
	});
});
