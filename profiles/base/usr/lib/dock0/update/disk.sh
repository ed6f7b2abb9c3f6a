# shellcheck shell=sh disable=SC2034,SC2154 # the parts share variables
# Finds the disk that this system was started from, by the partition that its root is mounted from: another
# disk may carry the same names, and a copy even the same GUIDs.

# find_disk: sets running (slot letter), disk (its folder in sysfs), boot (device of dock0-boot).
find_disk() {
	parameter dock0.slot ||
		fail "this system was not started from a dock0 disk (no dock0.slot= among the kernel parameters)"
	running=$value
	parameter dock0.root
	wanted=${value#PARTUUID=}
	find_root
	disk=$(readlink -f "$sys/class/block/$root")
	disk=${disk%/*}
	partition_facts "$disk/$root"
	[ "$name" = "dock0-slot-$running" ] ||
		fail "the root's partition $root is called '$name', not dock0-slot-$running"
	[ -z "$uuid" ] || [ "$uuid" = "$(lower "$wanted")" ] ||
		fail "the root's partition $root is $uuid, but the kernel was told $wanted"
	boot=$(partition dock0-boot) || fail "no partition dock0-boot beside $root"
}

# find_root: sets root to the name of the partition under the mounted root, through dm-verity if need be.
find_root() {
	root=''
	while read -r device at _; do
		[ "$at" != "$run/root" ] || root=$(readlink -f "$device")
	done <"$proc/mounts"
	root=${root##*/}
	for slave in "$sys/class/block/${root:-none}/slaves/"*; do
		[ ! -e "$slave" ] || root=${slave##*/}
	done
	case $root in
		'' | loop*) find_root_by_uuid ;; # it lives in memory (dock0.toram)
	esac
}

find_root_by_uuid() {
	root='' copies=0
	for one in "$sys/class/block/"*; do
		[ -e "$one/partition" ] || continue
		partition_facts "$one"
		[ "$uuid" = "$(lower "$wanted")" ] || continue
		root=${one##*/}
		copies=$((copies + 1))
	done
	[ $copies -eq 1 ] ||
		fail "$copies partitions are PARTUUID=$wanted, and only one can be the root's"
}

# partition_facts FOLDER: sets name and uuid (small letters, or empty) of a partition in sysfs.
partition_facts() {
	name='' uuid=''
	while IFS='=' read -r key fact; do
		case $key in
			PARTNAME) name=$fact ;;
			PARTUUID) uuid=$fact ;; # since Linux 6.13
		esac
	done <"$1/uevent"
	[ -n "$uuid" ] ||
		uuid=$(blkid -p -s PART_ENTRY_UUID -o value "$dev/${1##*/}" 2>/dev/null)
	uuid=$(lower "$uuid")
}

lower() {
	echo "$1" | tr '[:upper:]' '[:lower:]'
}

# partition NAME: prints the device of that partition of our disk.
partition() {
	for one in "$disk"/*/uevent; do
		if grep -qx "PARTNAME=$1" "$one"; then
			one=${one%/uevent}
			echo "$dev/${one##*/}"
			return 0
		fi
	done
	return 1
}

# partition_bytes DEVICE
partition_bytes() {
	read -r sectors <"$disk/${1##*/}/size"
	echo $((sectors * 512))
}

# write_sectors FILE DEVICE FIRST COUNT: sectors of 512 bytes, as one write that has reached the disk.
write_sectors() {
	dd if="$1" of="$2" bs=$(($4 * 512)) seek=$(($3 / $4)) count=1 conv=notrunc \
		oflag=direct,dsync status=none 2>/dev/null ||
		dd if="$1" of="$2" bs=$(($4 * 512)) seek=$(($3 / $4)) count=1 conv=notrunc,fsync status=none
}
