import { expect, test } from "vitest";
import { ExpectedError } from "../system/errors.ts";
import { moduleName, parseModuleIndex } from "./module-index.ts";
import { planModules } from "./modules.ts";

const index = parseModuleIndex({
	dep: `kernel/lib/libcrc32c.ko.xz:
kernel/crypto/crc32c-intel.ko:
kernel/fs/erofs/erofs.ko: kernel/lib/libcrc32c.ko.xz
kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/a/left.ko:
kernel/a/right.ko:
`,
	softdep: `# comment
softdep libcrc32c pre: crc32c nowhere post: left
softdep left pre: right
softdep right pre: left
softdep cifs gcm
`,
	builtin: "kernel/fs/ext4/ext4.ko\nkernel/drivers/nvme/host/nvme-core.ko\n",
	alias: `alias crc32c crc32c_intel
alias pci:v00001AF4d* virtio_pci
alias fs-ext4 ext4
`,
});
const orders = (...wanted: string[]): Record<string, readonly string[]> =>
	Object.fromEntries(
		planModules(index, wanted).groups.map(({ name, order }) => [name, order]),
	);

test("dependencies come before dependents", () => {
	expect(orders("virtio_blk")).toEqual({
		virtio_blk: ["virtio_ring", "virtio", "virtio_blk"],
	});
});

test("softdeps come first, by alias too, and may lead nowhere", () => {
	expect(orders("erofs")).toEqual({
		erofs: ["crc32c_intel", "libcrc32c", "erofs"],
	});
	expect(planModules(index, ["erofs"]).files.get("libcrc32c")).toBe(
		"kernel/lib/libcrc32c.ko.xz",
	);
});

test("a circle of softdeps ends", () => {
	expect(orders("left")).toEqual({ left: ["right", "left"] });
});

test("- and _ are the same, aliases work, built-in modules need nothing", () => {
	expect(
		orders("virtio-blk", "crc32c", "ext4", "nvme_core", "?absent"),
	).toEqual({
		virtio_blk: ["virtio_ring", "virtio", "virtio_blk"],
		crc32c_intel: ["crc32c_intel"],
	});
});

test("every absent module is named, with its neighbours", () => {
	let problem: unknown;
	try {
		planModules(index, ["virtio_bl", "reiserfs", "erofs"]);
	} catch (error) {
		problem = error;
	}
	expect(problem).toBeInstanceOf(ExpectedError);
	if (!(problem instanceof ExpectedError)) return;
	expect(problem.exitCode).toBe(2);
	expect(problem.problems.map(({ message }) => message)).toEqual([
		"the kernel has no module 'virtio_bl', neither loadable nor built in",
		"the kernel has no module 'reiserfs', neither loadable nor built in",
	]);
	expect(problem.problems[0]?.hint).toMatch(
		/^names like it: virtio_blk.*write '\?virtio_bl'/,
	);
});

test.each([
	["kernel/fs/fat/vfat.ko", "vfat"],
	["kernel/drivers/md/dm-mod.ko.zst", "dm_mod"],
	["x.ko.gz", "x"],
	["dm-mod", "dm_mod"],
])("%s is module %s", (file, name) => {
	expect(moduleName(file)).toBe(name);
});
