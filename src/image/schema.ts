import * as z from "zod";

/** How the root file system is squashed; see mksquashfs(1). */
export const squashfsSchema = z.strictObject({
	compression: z
		.enum(["zstd", "xz", "gzip", "lz4", "lzo"])
		.default("zstd")
		.describe("compressor; the kernel must support it"),
	level: z
		.int()
		.min(1)
		.max(22)
		.optional()
		.describe(
			"compression level: zstd 1 to 22 (default 9), gzip and lzo 1 to 9; xz and lz4 have none",
		),
	blockSize: z
		.string()
		.regex(/^(4|8|16|32|64|128|256|512)K$|^1M$/, "a power of two from 4K to 1M")
		.default("256K")
		.describe(
			"data block size, 4K to 1M: larger is smaller on disk, slower for random reads",
		),
	options: z
		.array(z.string())
		.default([])
		.describe("further arguments for mksquashfs, added last"),
});

/** How the root becomes an erofs; see mkfs.erofs(1). */
export const erofsSchema = z.strictObject({
	compression: z
		.enum(["lz4hc", "lz4", "lzma", "deflate", "zstd", "none"])
		.default("lz4hc")
		.describe(
			"compressor; the kernel must support it (lz4 and lz4hc: since 5.3, lzma: 5.16, deflate: 6.6, zstd: 6.10), and so must mkfs.erofs (Debian 12's has lz4 and lz4hc alone)",
		),
	level: z
		.int()
		.min(0)
		.max(109)
		.optional()
		.describe(
			"compression level: lz4hc 0 to 12 (default 9), lzma 0 to 9 or 100 to 109, deflate 0 to 9, zstd 0 to 22; lz4 has none",
		),
	clusterSize: z
		.string()
		.regex(/^(4|8|16|32|64|128|256|512)K$|^1M$/, "a power of two from 4K to 1M")
		.default("64K")
		.describe(
			"largest unit that is compressed to one piece on disk: larger is smaller on disk, slower for random reads",
		),
	options: z
		.array(z.string())
		.default([])
		.describe("further arguments for mkfs.erofs, added last of its options"),
});

export const imageSchema = z.strictObject({
	type: z
		.enum(["squashfs", "erofs"])
		.default("squashfs")
		.describe(
			"file system of the root image: squashfs is smaller, erofs reads faster",
		),
	verity: z
		.boolean()
		.default(true)
		.describe(
			"append a hash tree by which the kernel checks each block of the root when it is read (dm-verity), and put its hash on the kernel command line",
		),
	squashfs: squashfsSchema
		.prefault({})
		.describe("the squashed root file system, for `type: squashfs`"),
	erofs: erofsSchema
		.prefault({})
		.describe("the root file system for `type: erofs`"),
});

export type SquashfsSettings = z.infer<typeof squashfsSchema>;
export type ErofsSettings = z.infer<typeof erofsSchema>;
export type ImageSettings = z.infer<typeof imageSchema>;
