import * as z from "zod";

/** Fragments that come with dock0, in `profiles/kernel/NAME.config`. */
export const shippedFragments = [
	"base",
	"squashfs-root",
	"filesystems",
	"virtio",
	"linode",
	"systemd",
	"docker",
	"verity",
	"tpm",
	"mitigations",
	"hardening",
	"debug",
	"modules",
] as const;

/**
 * Fingerprints of the keys that sign kernel.org's tarballs: Greg Kroah-Hartman, Sasha Levin, Linus
 * Torvalds (https://www.kernel.org/signature.html).
 */
const kernelOrgSigners = [
	"647F28654894E3BD457199BE38DBBDC86092693E",
	"E27E5D8A3403A2EF66873BBCDEA66FF797772CDC",
	"ABAF11C65A2970B130ABE3C479BE3E4300411886",
];

const optionName = z
	.string()
	.regex(
		/^(CONFIG_)?[A-Za-z0-9_]+$/,
		"a kernel option is named in letters, digits and underscores",
	);

/**
 * One flat object for all sources, so that a layer can switch `source` without having to remove what a
 * layer below it said about another one; keys of other sources are ignored.
 */
export const kernelSchema = z
	.strictObject({
		source: z
			.enum(["package", "debian", "release", "tarball", "git"])
			.default("package")
			.describe(
				"where the kernel comes from: `package` installs a ready one; the others compile it: `debian` a linux-source package, `release` kernel.org, `tarball` and `git` your own",
			),
		package: z
			.string()
			.optional()
			.describe(
				"source `package`: name of the kernel's package; default by distribution",
			),
		sourcePackage: z
			.string()
			.default("linux-source-6.12")
			.describe("source `debian`: name of the package with the sources"),
		version: z
			.string()
			.regex(
				/^(latest|longterm|mainline|\d+\.\d+(\.\d+)?(-rc\d+)?)$/,
				"a version such as 6.12.3, or `latest`, `longterm` or `mainline`",
			)
			.default("longterm")
			.describe(
				"source `release`: a version such as 6.12.3, or `latest`, `longterm` or `mainline`",
			),
		releasesUrl: z
			.url()
			.default("https://www.kernel.org/releases.json")
			.describe(
				"source `release`: the list of releases, in kernel.org's format",
			),
		keyring: z
			.string()
			.meta({ path: true })
			.optional()
			.describe(
				"source `release`: file of OpenPGP keys; without it the signers' keys are looked up through kernel.org's web key directory",
			),
		signers: z
			.array(
				z.string().regex(/^[0-9A-F]{40}$/, "a fingerprint is 40 hex digits"),
			)
			.min(1)
			.default(kernelOrgSigners)
			.describe(
				"source `release`: fingerprints of the keys whose signature is trusted",
			),
		tarball: z
			.string()
			.meta({ path: true })
			.optional()
			.describe(
				"source `tarball`: a linux-*.tar, .tar.xz, .tar.gz or .tar.zst",
			),
		sha256: z
			.string()
			.regex(/^[0-9a-f]{64}$/, "a SHA-256 is 64 hex digits")
			.optional()
			.describe(
				"sources `tarball` and `release`: what the archive's SHA-256 must be",
			),
		git: z
			.string()
			.optional()
			.describe("source `git`: URL or absolute path of the repository"),
		ref: z
			.string()
			.default("HEAD")
			.describe("source `git`: branch, tag or commit"),
		base: z
			.union([
				z.enum(["tiny", "defconfig", "current"]),
				z.string().meta({ path: true }),
			])
			.default("tiny")
			.describe(
				"what the fragments are added to: `tiny` (everything off that is not asked for), `defconfig`, `current` (this machine's kernel) or the path of a saved .config",
			),
		config: z
			.array(
				z.union([z.enum(shippedFragments), z.string().meta({ path: true })]),
			)
			.default([
				"base",
				"squashfs-root",
				"filesystems",
				"virtio",
				"systemd",
				"docker",
				"verity",
				"mitigations",
				"hardening",
			])
			.describe(
				"fragments, in order, later ones win: names of shipped ones, or paths of your own",
			),
		options: z
			.record(optionName, z.union([z.string(), z.int()]))
			.default({})
			.describe("single options after all fragments, e.g. `EXT4_FS: y`"),
		optional: z
			.array(optionName)
			.default([])
			.describe(
				"options that may be dropped; any other requested option that is missing from the result is an error",
			),
		patches: z
			.array(z.string().meta({ path: true }))
			.default([])
			.describe(
				"patch files, executables run in the tree, or folders of them (sorted by name)",
			),
		revision: z
			.string()
			.regex(
				/^[A-Za-z0-9._+-]{0,40}$/,
				"letters, digits, dot, plus, minus and underscore, at most 40",
			)
			.default("")
			.describe("appended to the version, e.g. `1` gives 6.12.3-1"),
		jobs: z
			.int()
			.min(1)
			.optional()
			.describe("how many compilers at once; default one per processor"),
		keep: z
			.int()
			.min(1)
			.default(2)
			.describe(
				"how many archives, trees and compiled kernels `dock0 kernel prune` keeps",
			),
		cmdline: z
			.array(z.string().min(1))
			.default([])
			.describe("kernel parameters, e.g. `console=ttyS0`"),
	})
	.superRefine((kernel, context) => {
		const need = (key: "tarball" | "git", because: string) => {
			if (kernel[key] === undefined)
				context.addIssue({
					code: "custom",
					path: [key],
					message: `${key} is needed with ${because}`,
				});
		};
		if (kernel.source === "tarball") need("tarball", "source: tarball");
		if (kernel.source === "git") need("git", "source: git");
	})
	.describe("the kernel: a package, or compiled for exactly this machine");

export type KernelSettings = z.infer<typeof kernelSchema>;
