import type { Recipe } from "../recipe.ts";

export const glibc: Recipe = {
	name: "glibc",
	from: ["libc6", "libc-bin"],
	depends: ["filesystem"],
	ignoreDepends: ["libgcc-s1"],
	build: "rm -rf usr/share/libc-bin\n",
};

export const bash: Recipe = {
	name: "bash",
	from: ["bash"],
	provides: ["sh"],
	build: "ln -s bash usr/bin/sh\n",
};

/** Only bash may own /usr/bin/sh, as on Arch. */
export const dash: Recipe = {
	name: "dash",
	from: ["dash"],
	build: "rm -f usr/bin/sh usr/share/man/man1/sh.1.gz\n",
};

/** Plays gawk's part in `base`. */
export const awk: Recipe = {
	name: "gawk",
	from: ["mawk"],
	build: "ln -s mawk usr/bin/awk\nln -s mawk usr/bin/nawk\n",
};

/** Packages that only go by another name on Arch, or are one there and several in Debian. */
export const renamed: readonly Recipe[] = [
	{ name: "busybox", from: ["busybox-static"] },
	{ name: "device-mapper", from: ["dmsetup", "libdevmapper1.02.1"] },
	{
		name: "e2fsprogs",
		from: ["e2fsprogs", "libext2fs2t64", "libss2", "libcom-err2", "logsave"],
	},
	{ name: "gcc-libs", from: ["libgcc-s1", "gcc-14-base", "libstdc++6"] },
	{ name: "libcap", from: ["libcap2", "libcap2-bin"] },
	{
		name: "openssl",
		from: ["openssl", "libssl3t64", "openssl-provider-legacy"],
	},
	{ name: "procps-ng", from: ["procps", "libproc2-0"] },
	{ name: "xz", from: ["xz-utils", "liblzma5"] },
	{ name: "zlib", from: ["zlib1g"] },
];
