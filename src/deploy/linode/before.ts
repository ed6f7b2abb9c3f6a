import * as z from "zod";

const named = z.object({ id: z.number(), label: z.string() });

/** What was found before a deploy changed anything, and what it decided to do: kept in the journal. */
export const beforeSchema = z.object({
	linode: named.extend({
		region: z.string(),
		running: z.boolean(),
		watchdog: z.boolean(),
	}),
	/** The profile that runs; null for a Linode that has none. */
	profile: named.nullable(),
	/** Network interfaces of that profile (VPC, VLAN), which the new one gets too. */
	interfaces: z.array(z.record(z.string(), z.unknown())),
	/** Block storage volumes of that profile, which the new one gets too. */
	volumes: z.array(z.number()),
	/** MiB of the new boot disk. */
	bootSize: z.number(),
	/** MiB that a maker needs meanwhile; 0 without one. */
	makerSize: z.number(),
	/** The data disk of before, when it is kept. */
	data: named.nullable(),
	/** MiB of a data disk to make, or null. */
	newDataSize: z.number().nullable(),
	/** A disk of the old system that has to give room; MiB. */
	shrink: named.extend({ from: z.number(), to: z.number() }).nullable(),
	/** What deploys before the last one left. */
	leftovers: z.object({ profiles: z.array(named), disks: z.array(named) }),
	/** What goes once the new host is healthy. */
	previous: z.object({ profiles: z.array(named), disks: z.array(named) }),
});

export type Before = z.output<typeof beforeSchema>;
