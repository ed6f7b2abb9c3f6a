import * as z from "zod";

const sigLevel = z
	.string()
	.regex(
		/^(\s*(Package|Database)?(Never|Optional|Required|TrustedOnly|TrustAll)\b)+$/,
		"words of SigLevel in pacman.conf(5), e.g. `Required DatabaseOptional`",
	);

const repositorySchema = z.strictObject({
	name: z
		.string()
		.regex(/^[a-z0-9][a-z0-9._-]*$/i, "letters, digits, `.`, `_` and `-`")
		.refine((name) => name !== "local" && name !== "options", {
			message: "pacman keeps `local` and `options` for itself",
		})
		.describe("name of the repository, e.g. core"),
	servers: z
		.array(z.string().regex(/^(https?|file|ftp):\/\/\S+$/, "a URL"))
		.min(1)
		.describe("mirrors in order; $repo and $arch are filled in by pacman"),
	sigLevel: sigLevel
		.optional()
		.describe("what must be signed in this repository; default arch.sigLevel"),
});

/** Settings of the Arch backend. */
export const archSchema = z.strictObject({
	repositories: z
		.array(repositorySchema)
		.default([])
		.describe("pacman repositories, earlier ones win"),
	sigLevel: sigLevel
		.default("Required DatabaseOptional")
		.describe("what must be signed; see SigLevel in pacman.conf(5)"),
	keyring: z
		.strictObject({
			files: z
				.array(z.string().meta({ path: true }))
				.default([])
				.describe(
					"OpenPGP files whose keys are trusted; default the installed archlinux-keyring",
				),
		})
		.prefault({})
		.describe("whose signatures are trusted"),
	architecture: z
		.enum(["x86_64", "x86_64_v3", "aarch64"])
		.default("x86_64")
		.describe("pacman's name of the architecture"),
});

export type ArchSettings = z.output<typeof archSchema>;
export type ArchRepository = z.output<typeof repositorySchema>;
