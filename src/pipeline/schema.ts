import * as z from "zod";
import { toJsonSchema } from "../config/json-schema.ts";
import { deploySchema } from "../deploy/schema.ts";
import { outsideSchema } from "../host/outside.ts";
import { hostSchema, initSchema } from "../host/schema.ts";
import { diskSchema } from "../image/disk/schema.ts";
import { dockerSchema } from "../image/docker-data.ts";
import { imageSchema } from "../image/schema.ts";
import { initramfsSchema } from "../initramfs/schema.ts";
import { stateSchema } from "../initramfs/state-schema.ts";
import { kernelSchema } from "../kernel/schema.ts";
import { releaseSchema, updateSchema } from "../release/schema.ts";
import { rootfsSchema } from "../rootfs/schema.ts";
import { vmSchema } from "../vm/schema.ts";

/** The whole config: each folder describes its own part, and this puts them together. */
export const configSchema = z.strictObject({
	name: z
		.string()
		.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "small letters, digits and hyphens")
		.optional()
		.describe(
			"names the release; default: the last layer's file name, or the folder's for dock0.yaml",
		),
	arch: z.enum(["x86_64"]).default("x86_64").describe("processor architecture"),
	epoch: z
		.int()
		.min(0)
		.default(1_735_689_600)
		.describe(
			"seconds since 1970 for every time stamp in the image, so that equal inputs give equal bytes",
		),
	init: initSchema
		.default("systemd")
		.describe(
			"what runs the host as its first process; set by the profile that brings it (docs/init.md)",
		),
	rootfs: rootfsSchema.describe("packages and files of the root file system"),
	kernel: kernelSchema.describe("the kernel and its parameters"),
	initramfs: initramfsSchema
		.prefault({})
		.describe("what finds and mounts the root"),
	image: imageSchema.prefault({}).describe("how the root is packed"),
	disk: diskSchema
		.prefault({})
		.describe("the disk image that `dock0 disk` writes"),
	state: stateSchema.prefault({}).describe("what survives a reboot"),
	release: releaseSchema
		.prefault({})
		.describe("version and signature of what is built"),
	update: updateSchema
		.prefault({})
		.describe("how a running host takes a new release"),
	host: hostSchema
		.optional()
		.describe(
			"what makes this host another than its neighbours: becomes its bundle, and changes nothing of the root",
		),
	identity: outsideSchema
		.prefault({})
		.describe(
			"who the host is, as told from outside of its image: by the machine or its provider",
		),
	docker: dockerSchema.prefault({}).describe("where Docker keeps its data"),
	vm: vmSchema
		.prefault({})
		.describe("how `dock0 boot` starts the host in QEMU"),
	deploy: deploySchema
		.prefault({})
		.describe("how `dock0 deploy` turns a server into this host"),
	vars: z
		.record(z.string(), z.unknown())
		.default({})
		.describe("anything of your own, for templates and scripts"),
});

/** The whole config, validated and with its defaults; each key is in the reference. */
export type Config = z.infer<typeof configSchema>;

/** The JSON Schema of one config layer, for editors. */
export function jsonSchema(): object {
	return toJsonSchema(configSchema);
}
