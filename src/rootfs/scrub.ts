/**
 * POSIX sh that takes out of the tree `$1` what differs from build to build or tells of the build
 * machine; `$2` is the epoch in seconds. Run as root of the tree's namespace, nothing mounted below it.
 */
export const scrubScript = `
scrub() {
	tree=$1
	# The kernel's devtmpfs and systemd's tmpfs cover these at boot.
	for folder in dev run tmp var/tmp; do
		if [ -d "$tree/$folder" ] && [ ! -L "$tree/$folder" ]; then
			find "$tree/$folder" -mindepth 1 -delete
		fi
	done
	for folder in var/log var/cache; do
		if [ -d "$tree/$folder" ]; then
			find "$tree/$folder" ! -type d ! -path "$tree/var/cache/debconf/*" -delete
		fi
	done
	# Copies that passwd(5) tools leave behind carry the history of the build.
	rm -f "$tree"/etc/passwd- "$tree"/etc/group- "$tree"/etc/shadow- "$tree"/etc/gshadow- \\
		"$tree"/etc/subuid- "$tree"/etc/subgid- "$tree"/etc/.pwd.lock \\
		"$tree"/var/lib/dpkg/*-old "$tree"/var/cache/debconf/*-old \\
		"$tree"/var/lib/dbus/machine-id "$tree"/var/lib/systemd/random-seed \\
		"$tree"/var/lib/systemd/credential.secret
	# A key that every copy of the image shares is no secret.
	rm -f "$tree"/etc/ssh/ssh_host_*
	# machine-id(5): empty in an image that many machines boot; the first boot makes one.
	if [ -d "$tree/usr/lib/systemd" ]; then
		rm -f "$tree/etc/machine-id"
		: > "$tree/etc/machine-id"
		chmod 0444 "$tree/etc/machine-id"
	fi
	# pacman writes the time of installation into its database.
	if [ -d "$tree/var/lib/pacman/local" ]; then
		find "$tree/var/lib/pacman/local" -name desc -exec \\
			sed -i "/^%INSTALLDATE%\\$/{n;s/.*/$2/}" {} +
	fi
}
`;
