import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { run } from "../../src/system/process.ts";
import type { FakeDisk, FakeLinode } from "./account.ts";
import { qemuDriver } from "./qemu-driver.ts";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-qemu-driver-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("makes a distribution's disk that a GRUB reads, and shrinks it only as far as its content goes", async () => {
	const [kernel, initrd] = ["vmlinuz", "initrd"].map((name) =>
		join(folder, name),
	) as [string, string];
	await writeFile(kernel, Buffer.alloc(8 << 20, "kernel"));
	await writeFile(initrd, "initrd");
	const driver = await qemuDriver({
		folder: join(folder, "disks"),
		stock: { kernel, initrd, cmdline: "quiet" },
		...{ ports: [], memory: 128 },
	});
	const linode = {} as FakeLinode;
	const disk = { id: 7, size: 200, filesystem: "ext4" } as FakeDisk;
	await driver.createDisk(linode, disk, {
		kind: "stock",
		image: "linode/debian12",
	});
	const file = join(folder, "disks/disk-7.img");
	const config = async (): Promise<string> =>
		(await run("grub-fstest", [file, "cat", "(loop0)/boot/grub/grub.cfg"]))
			.stdout;
	expect(await config()).toContain("linux /boot/vmlinuz root=/dev/sda quiet");
	const before = await readFile(file);
	expect(await driver.resizeDisk(linode, disk, 8)).toBe(false);
	expect((await stat(file)).size).toBe(before.length);
	expect(await driver.resizeDisk(linode, disk, 64)).toBe(true);
	expect((await stat(file)).size).toBe(64 << 20);
	expect(await config()).toContain("initrd /boot/initrd.img");
});

it("starts no profile with a kernel that it does not have", async () => {
	await writeFile(join(folder, "any"), "");
	const driver = await qemuDriver({
		folder: join(folder, "disks"),
		stock: {
			kernel: join(folder, "any"),
			initrd: join(folder, "any"),
			cmdline: "",
		},
		...{ ports: [], memory: 128 },
	});
	await expect(
		driver.boot(
			{ id: 1, ipv4: [] } as unknown as FakeLinode,
			{
				...{ id: 1, label: "", comments: "", devices: {} },
				kernel: "linode/latest-64bit",
			} as unknown as Parameters<typeof driver.boot>[1],
		),
	).rejects.toThrow("no kernel linode/latest-64bit");
});
