# Loads kernel modules. The list has a line for each wanted module, dependencies first:
#   NAME start|driver|demand FILE...
# `start` ones are loaded at once; `driver` ones, in turn, only until the devices looked for are there;
# `demand` ones when something of that type is mounted.

# insert FILE...: a driver without its hardware says ENODEV, which is no failure.
insert() {
	for file; do
		[ -d "/sys/module/${file%.ko}" ] ||
			insmod "$lib/modules/$file" 2>> $run/modules.log
	done
	return 0
}

load_boot_modules() {
	drivers=''
	while read -r module when files; do
		# shellcheck disable=SC2086 # a list of file names without spaces
		case $when in
			start) insert $files ;;
			driver) drivers="$drivers$module " ;;
		esac
	done < $lib/modules.list
}

# load_next_driver: false when all are loaded.
load_next_driver() {
	[ -n "$drivers" ] || return 1
	module=${drivers%% *}
	drivers=${drivers#* }
	load "$module"
}

# load NAME: quiet when it is built in or unknown; the mount that follows tells.
load() {
	while read -r module _ files; do
		# shellcheck disable=SC2086 # a list of file names without spaces
		[ "$module" = "$1" ] && insert $files && return
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
