import * as z from "zod";

/** The config key `identity`: whom the host asks who it is. */
export const outsideSchema = z
	.strictObject({
		sources: z
			.array(z.enum(["metadata", "nocloud", "fwcfg", "cmdline"]))
			.default([])
			.describe(
				"who may tell the host its name, ssh keys and network, the later ones over the earlier: the provider's `metadata` service (Linode), `nocloud` (a volume labelled cidata), `fwcfg` (QEMU's opt/io.dock0/…), `cmdline` (dock0.hostname= and so on); whoever controls one of them controls the host",
			),
		user: z
			.string()
			.regex(
				/^[a-z_][a-z0-9_-]{0,30}$/,
				"a user name has small letters, digits, _ and -, and at most 31 of them",
			)
			.refine((name) => name !== "root", "root does not log in")
			.default("admin")
			.describe(
				"who may log in with those ssh keys; made, with sudo, on a host without a bundle",
			),
		waitSeconds: z
			.int()
			.min(0)
			.max(3600)
			.default(60)
			.describe(
				"how long to ask for the metadata service, on a machine that has one",
			),
	})
	.check((context) => {
		const { sources } = context.value;
		if (new Set(sources).size < sources.length)
			context.issues.push({
				code: "custom",
				path: ["sources"],
				input: sources,
				message: "a source is named twice",
			});
	});

/**
 * What /usr/lib/dock0/identity/main reads in the root, as lines of shell: no file at all when nobody is asked,
 * upon which its units do nothing.
 */
export function outsideFiles({
	sources,
	user,
	waitSeconds,
}: z.output<typeof outsideSchema>): Record<string, string> {
	if (sources.length === 0) return {};
	return {
		"usr/lib/dock0/identity.conf": [
			`sources='${sources.join(" ")}'`,
			`user=${user}`,
			`wait=${waitSeconds}`,
			"",
		].join("\n"),
	};
}
