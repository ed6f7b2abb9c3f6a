import * as z from "zod";
import { archSchema } from "./arch/schema.ts";
import { debianSchema } from "./debian/schema.ts";

const filePath = z.string().min(1).meta({ path: true });

const mode = z
	.string()
	.regex(/^[0-7]{3,4}$/, "permission bits are three or four octal digits");

const owner = z
	.string()
	.regex(
		/^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/,
		"an owner is `user` or `user:group`, by name or by number",
	);

const inRoot = z
	.string()
	.startsWith("/", "a path inside the root file system starts with /");

const templateSchema = z.strictObject({
	from: filePath.describe("a template, or a folder of templates"),
	to: inRoot
		.optional()
		.describe(
			"where it goes; for a folder default /, for a file it must be said",
		),
	mode: mode
		.optional()
		.describe("permission bits, e.g. `0600`; default those of the template"),
	owner: owner
		.optional()
		.describe(
			"`user` or `user:group` of the root file system; default root:root",
		),
});

const permissionSchema = z.strictObject({
	path: inRoot.describe("path or glob, e.g. /etc/app/**"),
	mode: mode.optional().describe("permission bits, e.g. `0750`"),
	owner: owner
		.optional()
		.describe("`user` or `user:group` of the root file system"),
});

const commandSchema = z.union([z.string().min(1), z.array(z.string()).min(1)]);

const trimSchema = z.strictObject({
	docs: z
		.boolean()
		.default(true)
		.describe("remove /usr/share/doc (but not the licences), info and help"),
	licences: z.boolean().default(false).describe("remove licence texts as well"),
	man: z.boolean().default(true).describe("remove manual pages"),
	locales: z
		.union([z.boolean(), z.array(z.string())])
		.default(true)
		.describe(
			"remove translations: `true` all, or the list of those to keep, e.g. [de, C.utf8]",
		),
	packageManager: z
		.boolean()
		.default(true)
		.describe(
			"remove what apt, dpkg or pacman need only to change packages; the list of what is installed stays",
		),
	paths: z
		.array(inRoot)
		.default([])
		.describe("more to remove, as globs, e.g. /usr/share/icons/**"),
	keep: z
		.array(inRoot)
		.default([])
		.describe("globs that none of the above may remove"),
});

/** Everything about the root file system; see docs for each key. */
export const rootfsSchema = z.strictObject({
	backend: z
		.enum(["debian", "arch"])
		.default("debian")
		.describe("which distribution the packages come from"),
	packages: z
		.array(
			z
				.string()
				.regex(
					/^[A-Za-z0-9@][A-Za-z0-9@._+:~=/-]*$/,
					"a package name has no spaces and does not start with a hyphen",
				),
		)
		.default([])
		.describe("packages to install, all in one transaction"),
	pool: filePath
		.optional()
		.describe(
			"folder of package files for builds with a lock, used before the mirrors; filled by `dock0 lock --pool`",
		),
	debian: debianSchema.prefault({}).describe("settings of backend `debian`"),
	arch: archSchema.prefault({}).describe("settings of backend `arch`"),
	baseOverlay: z
		.array(filePath)
		.default([])
		.describe("folders copied before `overlay`, for profiles"),
	links: z
		.record(inRoot, z.string().min(1))
		.default({})
		.describe(
			"symbolic links, path to target, made after `baseOverlay` and before `overlay`; a target of /dev/null masks a systemd unit",
		),
	overlay: z
		.union([filePath, z.array(filePath)])
		.default([])
		.describe(
			"folders copied over the root; owner root:root, modes and links as they are",
		),
	templates: z
		.union([filePath, z.array(z.union([filePath, templateSchema]))])
		.default([])
		.describe(
			"folders or files rendered with the config (`NAME.eta` becomes `NAME`; others are copied)",
		),
	scripts: filePath
		.optional()
		.describe(
			"folder of phase scripts: rootfs/, chroot/ and finalize/ with NN-name; files directly in it count as rootfs",
		),
	permissions: z
		.array(permissionSchema)
		.default([])
		.describe(
			"modes and owners to set after overlay and templates, since git keeps no owners",
		),
	chroot: z
		.array(commandSchema)
		.default([])
		.describe("commands run inside the root: shell text, or a list of words"),
	finalize: z
		.array(commandSchema)
		.default([])
		.describe(
			"commands run on this machine at the end; $DOCK0_ROOTFS is the root",
		),
	trim: trimSchema.prefault({}).describe("what to leave out of the image"),
});

export type RootfsSettings = z.output<typeof rootfsSchema>;
export type TrimSettings = RootfsSettings["trim"];
export type PermissionSettings = RootfsSettings["permissions"][number];
export type Command = z.output<typeof commandSchema>;
