# Loads kernel modules. The list has a line for each wanted module, dependencies first:
#   NAME start|demand FILE...
# `start` ones are device drivers; `demand` ones are loaded when something of that type is mounted.

# insert FILE...: a driver without its hardware says ENODEV, which is no failure.
insert() {
	for file; do
		[ -d "/sys/module/${file%.ko}" ] ||
			insmod "$lib/modules/$file" 2>> $run/modules.log
	done
}

load_boot_modules() {
	while read -r _ when files; do
		# shellcheck disable=SC2086 # a list of file names without spaces
		[ "$when" = start ] && insert $files
	done < $lib/modules.list
}

# load NAME: quiet when it is built in or unknown; the mount that follows tells.
load() {
	while read -r module _ files; do
		# shellcheck disable=SC2086 # a list of file names without spaces
		[ "$module" = "$1" ] && insert $files
	done < $lib/modules.list
}

# load_filesystem TYPE: with what that file system asks the kernel for when it mounts.
load_filesystem() {
	if [ "$1" = vfat ]; then
		for charset in nls_cp437 nls_ascii nls_iso8859_1 nls_utf8; do
			load $charset
		done
	fi
	load "$1"
}
