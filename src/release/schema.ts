import * as z from "zod";

const filePath = z.string().min(1).meta({ path: true });

/** One line of text that a shell script can hold as one line. */
const oneLine = z
	.string()
	.min(1)
	.regex(/^[^\n\r]*$/, "one line");

/** The config key `release`: version, signature and how many are kept. */
export const releaseSchema = z.strictObject({
	version: z
		.string()
		.regex(
			/^[0-9A-Za-z][0-9A-Za-z.+~_-]{0,63}$/,
			"letters, digits and .+~_- only, such as 1.4.0",
		)
		.default("0")
		.describe(
			"version of what is built; hosts refuse to go back to a lower one (compared as by `sort -V`)",
		),
	sign: z
		.strictObject({
			key: filePath
				.optional()
				.describe("private key file, as `dock0 keys new` makes it"),
			pem: z
				.string()
				.min(1)
				.optional()
				.describe(
					"the private key's text itself instead, by a reference to the environment or a file",
				),
		})
		.refine(
			({ key, pem }) => (key === undefined) !== (pem === undefined),
			"either `key` or `pem`",
		)
		.optional()
		.describe("the Ed25519 key that signs releases; without it they are not"),
	trust: z
		.array(filePath)
		.optional()
		.describe(
			"public key files (PEM) whose releases the host accepts; default: the public half of `release.sign`",
		),
	keep: z
		.int()
		.min(1)
		.max(1000)
		.default(3)
		.describe(
			"how many releases stay in the output folder, the new one counted",
		),
});

/** The config key `update`: how a host takes a new release. */
export const updateSchema = z.strictObject({
	url: z
		.string()
		.regex(
			/^(https?|file|oci(\+http)?):\/\/[^\s'"\\]+$|^\/[^\s'"\\]*$/,
			"an http(s)://, oci:// or file:// URL, or an absolute path",
		)
		.optional()
		.describe(
			"release folder, or `oci://HOST/REPOSITORY:TAG`, that `dock0-update install` takes when it is given none",
		),
	tries: z
		.int()
		.min(1)
		.max(9)
		.default(2)
		.describe(
			"how often a new release may be booted before the boot loader goes back to the old one",
		),
	health: z
		.strictObject({
			commands: z
				.array(oneLine)
				.default([])
				.describe(
					"shell commands that must all succeed, beside readiness, before a new release is kept",
				),
			timeout: z
				.int()
				.min(5)
				.max(86_400)
				.default(300)
				.describe(
					"seconds from the start of a trial until it counts as failed and the host reboots",
				),
		})
		.prefault({})
		.describe("what a new release has to prove"),
});

export type ReleaseSettings = z.output<typeof releaseSchema>;
export type UpdateSettings = z.output<typeof updateSchema>;
