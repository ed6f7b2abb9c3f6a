import * as z from "zod";
import { linodeSchema } from "./linode/schema.ts";
import { sshSchema } from "./ssh/schema.ts";

const port = z.int().min(1).max(65535);

const healthCheck = z.union([
	z.strictObject({
		tcp: port.describe("a connection to this port is accepted"),
	}),
	z.strictObject({
		http: port.describe("this port answers an HTTP request"),
		path: z.string().startsWith("/").default("/").describe("what is asked for"),
		status: z
			.int()
			.min(100)
			.max(599)
			.default(200)
			.describe("the status that counts as healthy"),
	}),
	z.strictObject({
		ssh: port.describe("port on which a command is run over ssh"),
		user: z.string().default("root").describe("who logs in"),
		command: z.string().default("true").describe("healthy when it ends with 0"),
	}),
]);

const stackScriptSchema = z.strictObject({
	url: z
		.url()
		.describe(
			"address from which a Linode can fetch the gzipped disk image; its content is checked by hash, so plain http will do",
		),
	image: z
		.string()
		.default("linode/debian12")
		.describe("the stock distribution that writes the disk"),
	size: z
		.int()
		.min(1000)
		.default(3000)
		.describe("MiB of the disk for that distribution, meanwhile"),
});

/** How `dock0 deploy` turns a server into this host. */
export const deploySchema = z.strictObject({
	provider: z
		.enum(["linode", "ssh"])
		.default("linode")
		.describe(
			"whose servers these are; ssh: any Linux server that is reached by ssh, whose disk is overwritten",
		),
	strategy: z
		.enum(["auto", "image", "stackscript"])
		.default("auto")
		.describe(
			"of the provider linode: image: upload the disk image once by its content, make a new disk from it; stackscript: a stock distribution on a disk of its own fetches and writes it; auto chooses (docs/deploy.md)",
		),
	linode: linodeSchema
		.prefault({})
		.describe("which Linode, and how it is set up"),
	ssh: sshSchema
		.prefault({})
		.describe("which server, for the provider ssh, and which of its disks"),
	stackscript: stackScriptSchema
		.optional()
		.describe("what the strategy stackscript needs"),
	health: z
		.array(healthCheck)
		.default([])
		.describe(
			"what proves that the new host works; all must pass, else the old one is booted again",
		),
	previous: z
		.enum(["keep", "remove"])
		.default("keep")
		.describe(
			"what happens to the profile and disks of before once the new host is healthy; kept ones are removed by the next deploy but one",
		),
	room: z
		.enum(["refuse", "shrink"])
		.default("shrink")
		.describe(
			"when the new disk does not fit beside the old ones: refuse, or shrink the largest ext4 disk of the old system (it is shut down for that)",
		),
	data: z
		.strictObject({
			size: z
				.string()
				.regex(/^[1-9]\d*[MGT]$/, 'a size such as "512M" or "8G"')
				.optional()
				.describe("size of the data disk; without it there is none"),
			redeploy: z
				.enum(["keep", "replace"])
				.default("keep")
				.describe(
					"whether a deploy keeps the data disk of before; with the provider ssh: the state partition of a host on the same disk",
				),
		})
		.prefault({})
		.describe("the disk for what survives a deploy"),
	timeouts: z
		.strictObject({
			job: z
				.int()
				.min(1)
				.default(1800)
				.describe("seconds for one job of the provider, such as a disk"),
			upload: z
				.int()
				.min(1)
				.default(7200)
				.describe("seconds for uploading the image and its processing"),
			health: z
				.int()
				.min(1)
				.default(600)
				.describe("seconds for the new host to become healthy"),
			offline: z
				.int()
				.min(1)
				.default(300)
				.describe("seconds to keep trying an API that does not answer"),
		})
		.prefault({})
		.describe("how long is waited"),
	keepImage: z
		.boolean()
		.default(false)
		.describe(
			"leave the uploaded image with the provider for later deploys of the same content, which costs money",
		),
	concurrency: z
		.int()
		.min(1)
		.max(50)
		.default(3)
		.describe("how many hosts are deployed at the same time"),
});

export type DeploySettings = z.output<typeof deploySchema>;
export type StackScriptSettings = z.output<typeof stackScriptSchema>;
export type HealthCheck = z.output<typeof healthCheck>;
