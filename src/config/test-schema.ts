import * as z from "zod";

const texts = z.array(z.string());
const path = z.string().min(1).meta({ path: true });

/** A schema like the real one, for this folder's tests, which may not import the folders above. */
export const testSchema = z.strictObject({
	name: z
		.string()
		.min(1)
		.describe("name of the machine")
		.meta({ title: "Name" }),
	arch: z.enum(["x86_64"]).default("x86_64"),
	rootfs: z.strictObject({
		backend: z.enum(["debian", "arch"]).describe("who installs packages"),
		packages: texts.default([]),
		debian: z
			.strictObject({
				suite: z.string().default("trixie"),
				mirrors: texts.default([]),
				components: texts.default(["main"]),
				variant: z.enum(["essential", "minbase"]).default("essential"),
			})
			.prefault({}),
		overlay: z.union([path, z.array(path)]).optional(),
		templates: path.optional(),
		scripts: path.default("./scripts"),
		chroot: texts.default([]),
		trim: z
			.strictObject({
				docs: z.boolean().default(true),
				keep: texts.default([]),
			})
			.prefault({}),
	}),
	kernel: z
		.strictObject({
			source: z.literal("package").default("package"),
			package: z.string().optional(),
			modules: texts.default([]),
			cmdline: z.string().default("quiet"),
		})
		.prefault({}),
	initramfs: z
		.strictObject({
			modules: texts.default(["virtio_blk", "overlay"]),
			onFailure: z.enum(["shell", "reboot"]).default("shell"),
			rebootAfter: z.int().min(1).default(30),
		})
		.prefault({}),
	image: z
		.strictObject({
			squashfs: z
				.strictObject({
					compression: z
						.enum(["zstd", "xz", "gzip", "lz4", "lzo"])
						.default("zstd"),
					level: z.int().min(1).max(22).optional(),
				})
				.prefault({}),
		})
		.prefault({}),
	state: z.strictObject({ paths: texts.default([]) }).prefault({}),
	vm: z
		.strictObject({
			memory: z.int().min(64).default(2048).describe("MiB"),
			cpus: z.int().min(1).default(2),
			ports: z
				.array(
					z.union([
						z.string(),
						z.strictObject({ host: z.int(), guest: z.int() }),
					]),
				)
				.default([]),
		})
		.prefault({}),
	files: z
		.record(
			z.string().regex(/^[a-z]+$/),
			z.discriminatedUnion("type", [
				z.strictObject({ type: z.literal("copy"), from: path }),
				z.strictObject({ type: z.literal("text"), from: z.string() }),
			]),
		)
		.default({}),
	vars: z.record(z.string(), z.unknown()).default({}),
});
