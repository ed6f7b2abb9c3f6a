import { describe, expect, it } from "vitest";
import { memoryParameters } from "./boot-parameters.ts";
import { isoGrubConfig } from "./iso.ts";
import { newcHeader } from "./memory-archive.ts";
import { pxeScripts } from "./pxe.ts";

describe("memoryParameters", () => {
	it("names root and bundle in the archive", () => {
		expect(memoryParameters(["quiet"], "root.erofs", true)).toEqual([
			"quiet",
			"dock0.root=initrd:/root.erofs",
			"dock0.extra=initrd:/bundle.squashfs",
		]);
		expect(memoryParameters([], "root.squashfs", false)).toHaveLength(1);
	});

	it.each(["a b", "a'b", 'a"b', "a\\b", "a$b", "a`b", "a\nb"])(
		"refuses %j",
		(word) => {
			expect(() => memoryParameters([word], "root.squashfs", false)).toThrow(
				/cannot hand on/,
			);
		},
	);

	it.each([
		"a=b,c",
		"console=ttyS0,115200n8",
		"a=*?[x]",
		"a=(b);{c}|d~",
		"x#y%&!",
	])("takes %j", (word) => {
		expect(memoryParameters([word], "root.squashfs", false)[0]).toBe(word);
	});
});

describe("newcHeader", () => {
	it("has the fields of the kernel's documentation, filled up to four bytes", () => {
		const text = Buffer.from(
			newcHeader("root.squashfs", { inode: 1, size: 0x1234, time: 16 }),
		).toString();
		expect(text.slice(0, 6)).toBe("070701");
		expect(text.slice(14, 22)).toBe("00008180");
		expect(text.slice(46, 62)).toBe("0000001000001234");
		expect(text.slice(94, 102)).toBe("0000000e");
		expect(text.slice(110)).toMatch(/^root\.squashfs\0+$/);
		expect(text.length % 4).toBe(0);
	});
});

describe("scripts of boot loaders", () => {
	it("quote each word for GRUB", () => {
		const text = isoGrubConfig({
			title: "web1 1.0",
			release: "0123456789abcdef0123",
			parameters: ["quiet", "a=b;c"],
			settings: { menuSeconds: 3, serial: false },
		});
		expect(text).toContain("linux /dock0/vmlinuz 'quiet' 'a=b;c'\n");
		expect(text).toContain("--set=root /dock0/release-0123456789abcdef\n");
		expect(text).toContain("set timeout=3\n");
	});

	it("give both archives to iPXE and PXELINUX", () => {
		const scripts = pxeScripts(["quiet"]);
		expect(scripts["boot.ipxe"]).toContain(
			"kernel vmlinuz initrd=initramfs initrd=root.cpio quiet\n",
		);
		expect(scripts["pxelinux.cfg/default"]).toContain(
			"INITRD initramfs,root.cpio\n",
		);
	});
});
