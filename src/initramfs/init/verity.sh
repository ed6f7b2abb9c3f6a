# Puts the root image behind dm-verity, which checks each block against a hash when it is read.

# device_mapped NAME: sets device to the node of a device-mapper device.
device_mapped() {
	for sys in /sys/class/block/dm-*; do
		[ -f "$sys/dm/name" ] && read -r mapped < "$sys/dm/name" && [ "$mapped" = "$1" ] &&
			device=/dev/${sys##*/} && return
	done
	return 1
}

# map NAME ARGUMENT...: makes a device-mapper device of the table on standard input, and sets device.
map() {
	load dm_mod
	DM_DISABLE_UDEV=1 dmsetup create "$@" > $run/dmsetup.log 2>&1 && device_mapped "$1"
}

# attach_loop FILE: sets device to a read-only loop device of a file.
attach_loop() {
	load loop
	device=$(losetup -f) && losetup -r "$device" "$1"
}

# verify_root: when the command line has the root's hash, sets image to a device that gives only data
# which matches it. A block that does not is an I/O error for its reader.
verify_root() {
	[ -n "$verity" ] || return 0
	roothash=${verity%%,*} datablocks=${verity#*,} salt=${verity##*,}
	datablocks=${datablocks%,*}
	case $verity in
		*[!0-9a-f,]* | *,*,*,* | ,* | *,,* | *,) datablocks='' ;;
		*,*,*) ;;
		*) datablocks='' ;;
	esac
	number "dock0.verity=$datablocks" || fail "dock0.verity: '$verity' is not ROOTHASH,DATABLOCKS,SALT"
	if [ -f "$image" ]; then
		attach_loop "$image" || fail "dock0.verity: cannot attach $image to a loop device"
		image=$device
	fi
	load dm_verity
	load sha256_ssse3 # faster; the kernel has a plain one built in
	verityimage=$image
	map dock0-root --readonly << EOF || fail "dock0.verity: cannot check $image: $(cat $run/dmsetup.log)"
$(verity_table)
EOF
	image=$device
	for block in 0 $((datablocks - 1)); do
		dd if="$image" of=/dev/null bs=4096 skip=$block count=1 2> /dev/null ||
			fail "dock0.verity: the root image $verityimage does not match its hash: it is damaged or was changed"
	done
	note verity "$roothash"
}

# verity_table OPTION...: Documentation/admin-guide/device-mapper/verity.rst
verity_table() {
	echo "0 $((datablocks * 8)) verity 1 $verityimage $verityimage 4096 4096 $datablocks $datablocks sha256 $roothash $salt" "$@"
}

# arm_verity: a release on trial restarts the machine at the first bad block, so that the boot loader
# goes back to the one before; a proven host goes on, with I/O errors for who reads that block.
arm_verity() {
	[ -n "$trial" ] && [ -n "$verity" ] && [ -z "$toram" ] || return 0
	{
		verity_table 1 restart_on_corruption | dmsetup reload dock0-root --readonly &&
			dmsetup suspend --nolockfs dock0-root &&
			dmsetup resume dock0-root
	} > $run/dmsetup.log 2>&1 || fail "dock0.verity: cannot watch the root on trial: $(cat $run/dmsetup.log)"
}

# let_go_of_verity: after a copy to memory, each block of which was checked.
let_go_of_verity() {
	[ -n "$verity" ] || return 0
	DM_DISABLE_UDEV=1 dmsetup remove dock0-root > $run/dmsetup.log 2>&1 ||
		say "cannot let go of the root's device: $(cat $run/dmsetup.log)"
	case $verityimage in
		/dev/loop*) losetup -d "$verityimage" ;;
	esac
}
