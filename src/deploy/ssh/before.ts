import * as z from "zod";

/** What was found before anything was changed; in the journal. */
export const sshBeforeSchema = z.object({
	boot: z.string(),
	/** Of sshd on the server, where the installer answers meanwhile. */
	port: z.number(),
	disk: z.object({ name: z.string(), identity: z.string() }),
	/** The state partition that is kept, in sectors of 512 bytes, on a disk of so many; null when none is. */
	kept: z
		.object({ start: z.number(), sectors: z.number(), disk: z.number() })
		.nullable()
		.default(null),
	/** How many bytes of the image are written; less than all of it when the state partition is kept. */
	bytes: z.number(),
	whole: z.boolean(),
	network: z.object({
		link: z.string(),
		addresses: z.array(z.string()),
		routers: z.array(z.string()),
	}),
	consoles: z.array(z.string()),
});

export type SshBefore = z.output<typeof sshBeforeSchema>;
