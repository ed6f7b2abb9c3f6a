import * as z from "zod";

/** Settings of the Debian backend. */
export const debianSchema = z.strictObject({
	suite: z
		.string()
		.regex(/^[a-z][a-z0-9-]*$/, "a suite is a name such as trixie")
		.default("trixie")
		.describe("release to install, e.g. bookworm, trixie, forky, sid"),
	mirrors: z
		.array(
			z
				.string()
				.regex(
					/^(deb (\[[^\]]*\] )?)?(https?|file|copy|tor\+https?):\S+( \S+)*$/,
					"either a URI, or a line as in sources.list: deb [options] URI suite components",
				),
		)
		.default([])
		.describe(
			"URIs or lines as in sources.list(5); default: the Debian mirrors that this machine's apt uses, with the wanted suite, its updates and security fixes",
		),
	snapshot: z
		.string()
		.regex(
			/^\d{8}(T\d{6}Z)?$/,
			"a day or an instant in UTC, e.g. 20250101T000000Z",
		)
		.optional()
		.describe(
			"take the packages of that instant from snapshot.debian.org; not with `mirrors`",
		),
	components: z
		.array(z.string().regex(/^[a-z-]+$/))
		.min(1)
		.default(["main"])
		.describe("components for mirrors that do not name their own"),
	variant: z
		.enum(["essential", "apt", "required", "minbase", "important", "standard"])
		.default("essential")
		.describe(
			"what is installed besides `packages`; see VARIANTS in mmdebstrap(1)",
		),
	keyring: z
		.string()
		.meta({ path: true })
		.optional()
		.describe(
			"OpenPGP keyring that must have signed the mirrors; default that of package debian-archive-keyring",
		),
	aptOptions: z
		.array(z.string().regex(/^[A-Za-z][\w:/.-]*\s+\S.*$/))
		.default([])
		.describe('lines as in apt.conf(5), e.g. `Acquire::Retries "3"`'),
});

export type DebianSettings = z.output<typeof debianSchema>;
