import { z } from "zod";

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

export const imageSchema = z.strictObject({
	squashfs: squashfsSchema
		.prefault({})
		.describe("the squashed root file system"),
});

export type SquashfsSettings = z.infer<typeof squashfsSchema>;
