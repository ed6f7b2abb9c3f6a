# What survives reboots: each path that the root lists lives on the state device, or else in memory
# that is a file system of its own (Docker cannot put its layers on the root's overlay).

mount_state() {
	mkdir -p $run/state
	if [ -n "$state" ]; then
		mount_state_device
	else
		mount -t tmpfs -o "mode=0755,size=$statesize" tmpfs $run/state ||
			fail "dock0.state.size: cannot mount $statesize of memory"
	fi
	note state "${state:-memory}"
	if [ -f $new/usr/lib/dock0/state-paths ]; then
		while read -r path _; do
			case $path in
				'' | '#'*) ;;
				*..* | /) say "state path left out: $path" ;;
				/*) keep "${path%/}" ;;
				*) say "state path is not absolute: $path" ;;
			esac
		done < $new/usr/lib/dock0/state-paths
	fi
	keep_machine_id
}

mount_state_device() {
	split "$state"
	if [ -z "$path" ]; then
		open_volume
		check_volume
		mount_volume "$device" $run/state rw "dock0.state"
		grow_filesystem
		return
	fi
	await_device "$name" "dock0.state"
	mkdir -p $run/state-volume
	if grep -q "^$device $run/boot " /proc/mounts; then
		# one device cannot be mounted read only and writable at once: the boot mount alone stays read only
		if ! mount -o remount,rw $run/boot ||
			! mount -o bind $run/boot $run/state-volume ||
			! mount -o remount,bind,ro $run/boot; then
			fail "dock0.state: cannot make $device writable"
		fi
	else
		mount_volume "$device" $run/state-volume rw "dock0.state"
	fi
	if ! mkdir -p "$run/state-volume$path" ||
		! mount -o bind "$run/state-volume$path" $run/state; then
		fail "dock0.state: cannot use the folder $path of $device"
	fi
}

# keep PATH: puts its state copy over it; the copy begins as what the image has there.
keep() {
	[ -e "$new$1" ] || [ -L "$new$1" ] || mkdir -p "$new$1" 2> /dev/null || {
		say "state path is not in the read-only root: $1"
		return
	}
	case $(readlink -f "$new$1") in
		$new/*) ;;
		*)
			say "state path leads out of the root by a link: $1"
			return
			;;
	esac
	begin_copy "$1" || fail "dock0.state: cannot copy $1 to the state device: $(df -h $run/state | tail -n 1)"
	mount -o bind "$run/state$1" "$new$1" || fail "dock0.state: cannot mount $1"
}

# begin_copy PATH: makes the copy under another name and renames it, so that a power cut leaves none or all.
begin_copy() {
	[ -e "$run/state$1" ] && return
	make_folders "${1%/*}" || return
	rm -rf "$run/state$1.dock0-new"
	cp -a "$new$1" "$run/state$1.dock0-new" &&
		{ [ -z "$state" ] || sync; } &&
		mv "$run/state$1.dock0-new" "$run/state$1"
}

# make_folders PATH: the folders above a copy, with owner and mode of the image's own.
make_folders() {
	[ -z "$1" ] || [ -d "$run/state$1" ] && return
	make_folders "${1%/*}"
	mkdir "$run/state$1" &&
		chown "$(stat -c %u:%g "$new$1")" "$run/state$1" &&
		chmod "$(stat -c %a "$new$1")" "$run/state$1"
}

# The machine's own number (machine-id(5)) is made once, and stays with the state.
keep_machine_id() {
	file=$new/etc/machine-id
	if [ ! -f $file ]; then
		[ -n "$state" ] && [ -d $new/etc ] && : 2> /dev/null > $file || return 0
	fi
	begin_copy /etc/machine-id || fail "dock0.state: cannot copy /etc/machine-id"
	case $(cat $run/state/etc/machine-id) in
		'' | uninitialized)
			tr -d - < /proc/sys/kernel/random/uuid > $run/state/etc/machine-id
			chmod 0444 $run/state/etc/machine-id
			;;
	esac
	mount -o bind $run/state/etc/machine-id $file || fail "dock0.state: cannot mount /etc/machine-id"
}
