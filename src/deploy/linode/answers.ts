import * as z from "zod";

/*
 * What we read of the API's answers, and no more: the published description is stricter than what the API
 * really sends, and fields are added without notice. https://techdocs.akamai.com/linode-api/reference/api
 */

export const linodeAnswer = z.object({
	id: z.number(),
	label: z.string(),
	status: z.string(),
	region: z.string(),
	type: z.string().nullish(),
	ipv4: z.array(z.string()),
	tags: z.array(z.string()).default([]),
	/** Sizes in MB. */
	specs: z.object({ disk: z.number(), memory: z.number() }),
	/** "Lassie", which boots the Linode when it powers off by itself. */
	watchdog_enabled: z.boolean(),
});

export const diskAnswer = z.object({
	id: z.number(),
	label: z.string(),
	status: z.string(),
	/** MB, which are MiB here. */
	size: z.number(),
	filesystem: z.string(),
});

const deviceAnswer = z
	.object({ disk_id: z.number().nullish(), volume_id: z.number().nullish() })
	.nullish();

export const profileAnswer = z.object({
	id: z.number(),
	label: z.string(),
	kernel: z.string().nullish(),
	devices: z.record(z.string(), deviceAnswer),
	interfaces: z.array(z.record(z.string(), z.unknown())).nullish(),
});

export const imageAnswer = z.object({
	id: z.string(),
	label: z.string(),
	status: z.string(),
	is_public: z.boolean().nullish(),
	description: z.string().nullish(),
});

export const uploadAnswer = z.object({
	image: imageAnswer,
	upload_to: z.string(),
});

export const eventAnswer = z.object({
	id: z.number(),
	action: z.string(),
	status: z.string(),
	message: z.string().nullish(),
	entity: z
		.object({
			id: z.union([z.number(), z.string()]).nullish(),
			type: z.string(),
		})
		.nullish(),
	secondary_entity: z
		.object({
			id: z.union([z.number(), z.string()]).nullish(),
			type: z.string().nullish(),
			url: z.string().nullish(),
		})
		.nullish(),
});

/** Of the person whom the token belongs to. */
export const profileOfUser = z.object({ username: z.string() });

export const stackScriptAnswer = z.object({
	id: z.number(),
	label: z.string(),
	script: z.string(),
	mine: z.boolean(),
});

/** Actions answer with an empty object. */
export const emptyAnswer = z.unknown();

export const errorAnswer = z.object({
	errors: z.array(
		z.object({ reason: z.string(), field: z.string().nullish() }),
	),
});

export type Linode = z.output<typeof linodeAnswer>;
export type Disk = z.output<typeof diskAnswer>;
export type Profile = z.output<typeof profileAnswer>;
export type Image = z.output<typeof imageAnswer>;
export type Event = z.output<typeof eventAnswer>;
