/**
 * Arguments for tar(1) that pack `tree` into `file`, the same bytes for the same tree: sorted names,
 * numeric owners, extended attributes (file capabilities), no time younger than `epoch` (seconds since
 * 1970). The pax options are those of https://reproducible-builds.org/docs/archives/.
 * Run it as root of the namespace that made the tree.
 * @param names a file with the paths to pack, each as `./path` with a zero byte after it, in their order; default all.
 */
export function packArguments(
	tree: string,
	file: string,
	epoch: number,
	names?: string,
): string[] {
	return [
		"--create",
		"--file",
		file,
		"--directory",
		tree,
		"--sort=name",
		"--format=posix",
		"--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
		"--numeric-owner",
		"--xattrs",
		"--xattrs-include=*",
		// The build machine's policy puts labels on files, which say nothing of the image.
		"--xattrs-exclude=security.selinux",
		`--mtime=@${epoch}`,
		"--clamp-mtime",
		"--one-file-system",
		...(names === undefined
			? ["."]
			: [
					"--no-recursion",
					"--null",
					"--verbatim-files-from",
					`--files-from=${names}`,
				]),
	];
}

/** Arguments for tar(1) that unpack such a file into the existing folder `tree`. */
export function unpackArguments(file: string, tree: string): string[] {
	return [
		"--extract",
		"--file",
		file,
		"--directory",
		tree,
		"--same-permissions",
		"--same-owner",
		"--numeric-owner",
		"--xattrs",
		"--xattrs-include=*",
		"--delay-directory-restore",
	];
}
