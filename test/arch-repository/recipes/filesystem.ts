import type { Recipe } from "../recipe.ts";

const osRelease = `NAME="Arch Linux"
PRETTY_NAME="Arch Linux"
ID=arch
BUILD_ID=rolling
VARIANT="Debian packages in Arch's layout, for tests"
VARIANT_ID=test
ANSI_COLOR="38;2;23;147;209"
`;

// Modules that are not installed count as unavailable and are passed over (nsswitch.conf(5)).
const nsswitch = `passwd: files systemd
group: files [SUCCESS=merge] systemd
shadow: files systemd
gshadow: files systemd
hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns
networks: files
protocols: files
services: files
ethers: files
rpc: files
netgroup: files
`;

/**
 * The skeleton: base-files' folders and merged-/usr links, accounts from base-passwd's tables, and the
 * files by which a root is known as Arch. As on Arch, root has no password until one is set.
 */
export const filesystem: Recipe = {
	name: "filesystem",
	from: ["base-files", "base-passwd"],
	description: "Base folders and files of the root",
	ignoreDepends: ["awk", "libc6", "libselinux1", "libdebconfclient0"],
	files: {
		"etc/arch-release": "",
		"etc/fstab": "# <file system> <dir> <type> <options> <dump> <pass>\n",
		"etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
		"etc/issue": "Arch Linux \\r (\\l)\n\n",
		"etc/nsswitch.conf": nsswitch,
		"etc/resolv.conf": "# Resolver configuration file; see resolv.conf(5)\n",
		"etc/securetty": "console\ntty1\nttyS0\n",
		"etc/shells": "/bin/sh\n/bin/bash\n/usr/bin/sh\n/usr/bin/bash\n",
		"usr/lib/os-release": osRelease,
	},
	build: `
master=usr/share/base-passwd
sed -e '/^_apt:/d' -e 's/^\\([^:]*\\):\\*:/\\1:x:/' $master/passwd.master >etc/passwd
sed -e 's/^\\([^:]*\\):\\*:/\\1:x:/' $master/group.master >etc/group
sed -e 's/:.*/:!*:::::::/' -e 's/^root:.*/root::::::::/' etc/passwd >etc/shadow
sed -e 's/:.*/:!*::/' -e 's/^root:.*/root:::root/' etc/group >etc/gshadow
chgrp 42 etc/shadow etc/gshadow
chmod 0640 etc/shadow etc/gshadow
cp usr/share/base-files/profile etc/profile
: >etc/motd
ln -sfn ../usr/lib/os-release etc/os-release
rm -rf etc/debian_version etc/dpkg etc/issue.net etc/update-motd.d usr/share/base-files \\
	usr/share/base-passwd usr/sbin/update-passwd var/lib/dpkg var/run var/lock var/mail usr/share/man
for link in bin sbin lib lib64; do
	rm -rf "./$link"
	ln -s "usr/$link" "$link"
done
mkdir -p boot dev etc/skel etc/profile.d home mnt opt proc root run srv/http srv/ftp sys tmp usr/bin \\
	usr/include usr/lib usr/lib64 usr/local/bin usr/local/etc usr/local/include usr/local/lib \\
	usr/local/sbin usr/local/share usr/local/src usr/sbin usr/share usr/src var/cache var/empty \\
	var/games var/lib var/local var/log var/opt var/spool/mail var/tmp
ln -s ../run var/run
ln -s ../run/lock var/lock
ln -s spool/mail var/mail
find . -type d -exec chmod 0755 {} +
find . -type d -exec chown 0:0 {} +
chmod 0555 proc sys
chmod 0750 root
chmod 1777 tmp var/tmp var/spool/mail
`,
};

/** Arch's meta package: what every installation has. Its own pacman is left out, for size;
 * what pacman brings along (certificates) is named here. */
export const base: Recipe = {
	name: "base",
	from: [],
	version: "3-2",
	description: "Minimal package set to define a basic Arch Linux installation",
	depends: [
		"filesystem",
		"gcc-libs",
		"glibc",
		"bash",
		"bzip2",
		"ca-certificates",
		"coreutils",
		"file",
		"findutils",
		"gawk",
		"grep",
		"gzip",
		"inetutils",
		"iproute2",
		"iputils",
		"kmod",
		"procps-ng",
		"psmisc",
		"sed",
		"shadow",
		"systemd",
		"systemd-sysvcompat",
		"tar",
		"tzdata",
		"util-linux",
		"xz",
	],
};
