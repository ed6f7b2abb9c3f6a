import { pathHook, type Recipe } from "../recipe.ts";

const hooks = "usr/share/libalpm/hooks";

/** Arch's one systemd package, with the hooks that stand in for Debian's maintainer scripts. */
export const systemd: Recipe = {
	name: "systemd",
	from: [
		"systemd",
		"udev",
		"libpam-systemd",
		"libnss-systemd",
		"libnss-myhostname",
		"libnss-resolve",
		"systemd-resolved",
		"systemd-timesyncd",
	],
	// which depends on us
	ignoreDepends: ["systemd-sysv"],
	files: {
		[`${hooks}/20-systemd-sysusers.hook`]: pathHook(
			"Creating system user accounts...",
			["usr/lib/sysusers.d/*.conf"],
			"/usr/bin/systemd-sysusers",
		),
		[`${hooks}/21-systemd-tmpfiles.hook`]: pathHook(
			"Creating temporary files...",
			["usr/lib/tmpfiles.d/*.conf"],
			"/usr/share/libalpm/scripts/systemd-tmpfiles",
		),
		[`${hooks}/22-systemd-catalog.hook`]: pathHook(
			"Updating journal message catalog...",
			["usr/lib/systemd/catalog/*.catalog"],
			"/usr/bin/journalctl --update-catalog",
		),
		[`${hooks}/23-systemd-hwdb.hook`]: pathHook(
			"Updating udev hardware database...",
			["usr/lib/udev/hwdb.d/*.hwdb"],
			"/usr/bin/systemd-hwdb --usr update",
		),
		// /dev, /proc, /sys and /run are the host's while pacman runs in a chroot.
		"usr/share/libalpm/scripts/systemd-tmpfiles": `#!/bin/sh
exec /usr/bin/systemd-tmpfiles --create --exclude-prefix=/dev --exclude-prefix=/proc \\
	--exclude-prefix=/sys --exclude-prefix=/run
`,
		// as Arch: what the administrator did not enable stays off
		"usr/lib/systemd/system-preset/99-default.preset": "disable *\n",
	},
	build: `
rm -rf etc/rc*.d usr/share/pam-configs
sed -i '/^u.* _apt /d' usr/lib/sysusers.d/*.conf
`,
	install: `post_install() {
	systemd-machine-id-setup
	systemctl --quiet enable getty@tty1.service remote-fs.target
}
`,
};

export const systemdLibs: Recipe = {
	name: "systemd-libs",
	from: ["libsystemd0", "libsystemd-shared", "libudev1"],
	// PAM's modules need us, and systemd itself brings PAM
	ignoreDepends: ["libpam0g"],
};

export const systemdSysvcompat: Recipe = {
	name: "systemd-sysvcompat",
	from: ["systemd-sysv"],
};

/** The launch helper belongs to the bus's group, which exists only once systemd-sysusers has run. */
export const dbus: Recipe = {
	name: "dbus",
	from: [
		"dbus",
		"dbus-daemon",
		"dbus-bin",
		"dbus-system-bus-common",
		"dbus-session-bus-common",
	],
	ignoreDepends: ["systemd", "default-systemd-sysusers", "systemd-sysusers"],
	files: {
		[`${hooks}/25-dbus-launch-helper.hook`]: pathHook(
			"Giving the D-Bus launch helper to its group...",
			["usr/lib/dbus-1.0/dbus-daemon-launch-helper"],
			"/usr/share/libalpm/scripts/dbus-launch-helper",
		),
		"usr/share/libalpm/scripts/dbus-launch-helper": `#!/bin/sh
helper=/usr/lib/dbus-1.0/dbus-daemon-launch-helper
[ ! -e "$helper" ] || { chgrp messagebus "$helper" && chmod 4754 "$helper"; }
`,
	},
};
