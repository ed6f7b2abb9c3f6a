import * as z from "zod";

/** Which Linode a host is, and how to make it when it is not there. */
export const linodeSchema = z.strictObject({
	label: z
		.string()
		.min(3)
		.max(64)
		.optional()
		.describe("label of the Linode; default: the host's name"),
	id: z.int().min(1).optional().describe("its number, instead of the label"),
	tag: z
		.string()
		.min(3)
		.max(50)
		.optional()
		.describe("a tag that exactly one Linode has, instead of the label"),
	profile: z
		.string()
		.optional()
		.describe(
			"label of the config profile that runs now, when the API cannot tell",
		),
	tokenFile: z
		.string()
		.optional()
		.describe(
			"file that holds the API token; first come LINODE_TOKEN and LINODE_CLI_TOKEN, last linode-cli's own config",
		),
	create: z
		.strictObject({
			type: z.string().describe("plan, such as g6-nanode-1"),
			region: z.string().describe("region, such as eu-central"),
			tags: z
				.array(z.string().min(3).max(50))
				.default([])
				.describe("tags of the new Linode"),
			firewall: z
				.int()
				.optional()
				.describe("number of the Cloud Firewall to put it behind"),
			privateIp: z
				.boolean()
				.default(false)
				.describe("a private IPv4 address as well"),
			userData: z
				.string()
				.max(49_000)
				.optional()
				.describe("text that its metadata service hands out"),
		})
		.optional()
		.describe(
			"makes the Linode when there is none; without it that is an error",
		),
});

export type LinodeSettings = z.output<typeof linodeSchema>;
