import type { Recipe } from "../recipe.ts";
import { base, filesystem } from "./filesystem.ts";
import { kmod, linux } from "./kernel.ts";
import { openssh, pam, shadow, utilLinux } from "./login.ts";
import {
	caCertificates,
	docker,
	inetutils,
	iptablesNft,
	iputils,
} from "./network.ts";
import { dbus, systemd, systemdLibs, systemdSysvcompat } from "./systemd.ts";
import { awk, bash, dash, glibc, renamed } from "./userland.ts";

const fixed: readonly Recipe[] = [
	base,
	filesystem,
	glibc,
	bash,
	dash,
	awk,
	pam,
	shadow,
	utilLinux,
	openssh,
	systemd,
	systemdLibs,
	systemdSysvcompat,
	dbus,
	kmod,
	iptablesNft,
	iputils,
	inetutils,
	caCertificates,
	docker,
	...renamed,
];

/** Debian packages that Arch's `base` and the recipes' own dependencies stand for. */
export const foundation: readonly string[] = [
	"base-files",
	"base-passwd",
	"bash",
	"bsdutils",
	"bzip2",
	"ca-certificates",
	"coreutils",
	"dbus",
	"file",
	"findutils",
	"grep",
	"gzip",
	"hostname",
	"iproute2",
	"iputils-ping",
	"kmod",
	"libc-bin",
	"libcap2-bin",
	"libnss-myhostname",
	"libnss-resolve",
	"libnss-systemd",
	"libpam-systemd",
	"login",
	"mawk",
	"mount",
	"nftables",
	"passwd",
	"procps",
	"psmisc",
	"sed",
	"systemd",
	"systemd-resolved",
	"systemd-sysv",
	"systemd-timesyncd",
	"tar",
	"tzdata",
	"udev",
	"util-linux",
	"xz-utils",
];

/**
 * Debian packages that exist only for maintainer scripts or for making an initramfs at installation.
 * Neither happens here; what only they need (Perl, klibc, cpio) falls away with them.
 */
export const cut: ReadonlySet<string> = new Set([
	"adduser",
	"cdebconf",
	"debconf",
	"debconf-2.0",
	"init-system-helpers",
	"initramfs-tools",
	"libdebconfclient0",
	"linux-base",
	"linux-initramfs-tool",
	"dracut",
	"lsb-base",
	"runit-helper",
	"sensible-utils",
	"sysvinit-utils",
	"ucf",
]);

const kernelImage = /^linux-image-\d/;

/** The recipe of every Debian package in `closure`; packages that no recipe names get one of their own. */
export function recipesFor(closure: Iterable<string>): Recipe[] {
	const present = new Set(closure);
	const recipes = [
		...fixed,
		...[...present].filter((name) => kernelImage.test(name)).map(linux),
	]
		.map((recipe) => ({
			...recipe,
			from: recipe.from.filter((name) => present.has(name)),
		}))
		.filter((recipe) => recipe.from.length > 0 || recipe.version !== undefined);
	const taken = new Set(recipes.flatMap((recipe) => recipe.from));
	for (const name of [...present].sort())
		if (!taken.has(name)) recipes.push({ name, from: [name] });
	return recipes;
}
