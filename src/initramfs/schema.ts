import * as z from "zod";

/**
 * What the init needs on usual virtual and real machines. A leading `?` marks what a kernel may lack.
 * NLS tables are what the kernel asks for when it mounts a FAT volume.
 */
export const baseModules: readonly string[] = [
	"squashfs",
	"overlay",
	"loop",
	"?virtio_pci",
	"?virtio_blk",
	"?virtio_scsi",
	"?sd_mod",
	"?ata_piix",
	"?ahci",
	"?nvme",
	"?ext4",
	"?vfat",
	"?nls_cp437",
	"?nls_iso8859_1",
	"?nls_ascii",
	"?nls_utf8",
	"?erofs",
	"?dm_mod",
	"?dm_verity",
	"?sha256_ssse3",
];

const moduleName = z
	.string()
	.regex(
		/^\??[A-Za-z0-9_-]+$/,
		"a module's name, such as xfs, or ?xfs when the kernel may lack it",
	);

/** Highest level of each compressor: zstd(1), gzip(1), xz(1). */
const highestLevel = { zstd: 19, gzip: 9, xz: 9, none: 19 } as const;

/** The config key `initramfs`: what goes into the first root file system and how it behaves. */
export const initramfsSchema = z
	.strictObject({
		baseModules: z
			.array(moduleName)
			.default([...baseModules])
			.describe(
				"Kernel modules for finding and mounting the root: drivers are tried in this order until the devices are there, file systems loaded when met; `?name` may be absent from the kernel",
			),
		modules: z
			.array(moduleName)
			.default([])
			.describe(
				"Further kernel modules, always loaded; file systems such as xfs or btrfs only when a device has one",
			),
		onFailure: z
			.enum(["shell", "reboot", "poweroff"])
			.default("reboot")
			.describe(
				"What to do when the root cannot be mounted; `dock0.onfailure=` on the kernel command line overrides it",
			),
		rebootAfter: z
			.int()
			.min(0)
			.max(86_400)
			.default(30)
			.describe(
				"Seconds between a failure's report and the reboot or power-off; a key press gives a shell instead",
			),
		waitSeconds: z
			.int()
			.min(0)
			.max(3600)
			.default(30)
			.describe("Seconds to wait for a device to appear before giving up"),
		compression: z
			.enum(["zstd", "gzip", "xz", "none"])
			.default("zstd")
			.describe(
				"How the initramfs is compressed; the kernel must be able to unpack it",
			),
		compressionLevel: z
			.int()
			.min(0)
			.max(19)
			.optional()
			.describe(
				"The compressor's level: zstd 1-19 (default 19), gzip 1-9 (default 9), xz 0-9 (default 6)",
			),
	})
	.check((context) => {
		const { compression, compressionLevel } = context.value;
		if (compressionLevel === undefined) return;
		const lowest = compression === "xz" || compression === "none" ? 0 : 1;
		const highest = highestLevel[compression];
		if (compressionLevel < lowest || compressionLevel > highest)
			context.issues.push({
				code: "custom",
				path: ["compressionLevel"],
				input: compressionLevel,
				message: `${compression} has levels ${lowest} to ${highest}`,
			});
	});

/** `initramfs` after validation, all defaults filled in. */
export type InitramfsSettings = z.infer<typeof initramfsSchema>;
