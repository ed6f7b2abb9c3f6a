# The state volume: made on an empty device, opened, checked, grown. Whatever is on a device that is not
# a state volume of ours is never written to, unless state.init is force.

# Stands in the last sector while a volume is being made, so that a power cut in between is known.
making="dock0 is making a state volume here"
# Stands at the start of a device that is encrypted by a new key at each boot.
scratch="dock0 random state"

# prepare_volume: what has to be done before anything of the same disk is mounted.
prepare_volume() {
	[ -n "$state" ] && [ -n "$stategrow" ] || return 0
	split "$state"
	[ -z "$path" ] || return 0
	await_device "$name" "dock0.state"
	grow_partition "$device"
}

# open_volume: sets device to what holds the state's file system, making it where there is none yet.
open_volume() {
	await_device "$name" "dock0.state"
	volume=$device
	read -r volumesectors < "/sys/class/block/${volume##*/}/size"
	case $stateencryption in
		random) open_random_volume ;;
		file | tpm) open_locked_volume ;;
		*) open_plain_volume ;;
	esac
	note state.device "$device"
}

open_plain_volume() {
	is_volume ext4 xfs btrfs && return
	begin_volume
	make_filesystem "$volume"
	finish_volume
	device=$volume
}

# is_volume TYPE...: whether the device holds one of these, finished, and under the state's label, unless
# the command line says by label or UUID that this is the one.
is_volume() {
	probe "$volume"
	[ "$(chars "$volume" $(((volumesectors - 1) * 512)) ${#making})" != "$making" ] || return
	for type; do
		[ "$fstype" = "$type" ] || continue
		case $name in
			LABEL=* | UUID=*) return ;;
		esac
		[ "$fslabel" = "$statelabel" ]
		return
	done
	return 1
}

# begin_volume: never returns when the device must not be written to.
begin_volume() {
	[ "$volumesectors" -ge 4096 ] || fail "dock0.state: $volume is too small for a state volume"
	[ "$stateinit" != never ] ||
		fail "dock0.state: $volume is no state volume called $statelabel, and state.init=never says to make none"
	if [ "$(chars "$volume" $(((volumesectors - 1) * 512)) ${#making})" = "$making" ]; then
		say "dock0.state: $volume was not finished when it was made; making it again"
	elif [ "$stateinit" != force ] && ! is_empty; then
		fail "dock0.state: $volume is neither empty nor a state volume called $statelabel (it holds ${fstype:-something unknown}${fslabel:+, label $fslabel}); it was left as it is. dock0.state.init=force overwrites it"
	fi
	dd if=/dev/zero of="$volume" bs=512 seek=$((volumesectors - 2048)) count=2048 conv=notrunc 2> /dev/null
	printf %s "$making" | dd of="$volume" bs=512 seek=$((volumesectors - 1)) conv=notrunc 2> /dev/null
	sync
	dd if=/dev/zero of="$volume" bs=1M count=1 conv=notrunc 2> /dev/null
}

finish_volume() {
	sync
	dd if=/dev/zero of="$volume" bs=512 seek=$((volumesectors - 1)) count=1 conv=notrunc 2> /dev/null
	sync
	note state.made "$statefs"
}

# is_empty: nothing but zeros in the first and the last MiB, where every file system, partition table,
# RAID, LVM or LUKS header has something; what cannot be read is not empty.
is_empty() {
	for skip in 0 $((volumesectors - 2048)); do
		dd if="$volume" of=$run/ends bs=512 skip=$skip count=2048 2> /dev/null || return
		[ "$(stat -c %s $run/ends)" = 1048576 ] || return
		[ "$(tr -d '\0' < $run/ends | head -c 1 | hexdump)" = "" ] || return
	done
	rm $run/ends
}

# make_filesystem DEVICE [OPTION...]
make_filesystem() {
	say "dock0.state: making a file system ($statefs) on $1"
	into=$1
	shift
	case $statefs in
		ext4) mkfs.ext4 -q -F -m 0 -L "$statelabel" -E lazy_itable_init=1,lazy_journal_init=1 "$@" "$into" ;;
		xfs) mkfs.xfs -q -f -L "$statelabel" "$into" ;;
		btrfs) mkfs.btrfs -q -f -L "$statelabel" "$into" ;;
	esac > $run/mkfs.log 2>&1 ||
		fail "dock0.state: cannot make a file system ($statefs) on $into: $(cat $run/mkfs.log)"
}

# open_random_volume: a key that nobody keeps, and so a new file system at each boot. The first MiB is
# left as it is, and tells next time that the rest may be overwritten.
open_random_volume() {
	probe "$volume"
	if [ "$(chars "$volume" 0 ${#scratch})" != "$scratch" ]; then
		begin_volume
		printf %s "$scratch" | dd of="$volume" bs=512 conv=notrunc 2> /dev/null
		finish_volume
	fi
	load_ciphers
	# the key must not be seen in a list of processes, so the table goes through standard input
	map dock0-state << EOF || fail "dock0.state: cannot encrypt $volume: $(cat $run/dmsetup.log)"
0 $((volumesectors - 2048)) crypt aes-xts-plain64 $(head -c 64 /dev/random | hexdump -v -e '/1 "%02x"') 0 $volume 2048
EOF
	# without a journal, as nothing of it is read again
	make_filesystem "$device" -O ^has_journal
}

# open_locked_volume: LUKS, with a key that lies in a file elsewhere, or that this machine's TPM guards.
open_locked_volume() {
	load_ciphers
	if [ "$stateencryption" = tpm ]; then find_tpm; else read_key; fi
	if is_volume crypto_LUKS; then
		unlock
	else
		begin_volume
		say "dock0.state: encrypting $volume"
		[ "$stateencryption" = file ] || (umask 077 && head -c 64 /dev/random > $run/state.key)
		luks luksFormat --batch-mode --type luks2 --label "$statelabel" --pbkdf argon2id --pbkdf-memory 65536 \
			--pbkdf-force-iterations 4 --pbkdf-parallel 1 "$volume" ||
			fail "dock0.state: cannot encrypt $volume: $(cat $run/luks.log)"
		[ "$stateencryption" = file ] || give_key_to_tpm
		unlock
		make_filesystem "$device"
		finish_volume
	fi
	rm -f $run/state.key
}

luks() {
	DM_DISABLE_UDEV=1 cryptsetup --key-file $run/state.key --disable-locks "$@" > $run/luks.log 2>&1
}

unlock() {
	if [ "$stateencryption" = tpm ]; then
		if ! DM_DISABLE_UDEV=1 cryptsetup open --token-only --disable-locks "$volume" dock0-state > $run/luks.log 2>&1 ||
			! device_mapped dock0-state; then
			fail "dock0.state: the TPM of this machine does not open $volume. Was it made with another TPM, or has a PCR of state.pcrs changed? $(cat $run/luks.log)"
		fi
	elif ! luks open "$volume" dock0-state || ! device_mapped dock0-state; then
		fail "dock0.state.key: the key of $statekey does not open $volume: $(cat $run/luks.log)"
	fi
}

# find_tpm: waits for it, and shows cryptsetup the plugin that asks it, wherever this cryptsetup looks for plugins.
find_tpm() {
	load tpm_tis
	load tpm_crb
	deadline=$(($(seconds_now) + waitseconds))
	until [ -c /dev/tpmrm0 ]; do
		[ "$(seconds_now)" -lt "$deadline" ] ||
			fail "dock0.state: state.encryption is tpm, and this machine has no TPM 2.0 that the kernel knows"
		pause
	done
	for folder in /usr/lib/x86_64-linux-gnu /lib/x86_64-linux-gnu /usr/lib; do
		mkdir -p $folder
		ln -s /usr/lib $folder/cryptsetup
	done
}

# give_key_to_tpm: the header gets a key that only this TPM can read, and loses the one it was made with.
give_key_to_tpm() {
	if ! SYSTEMD_LOG_LEVEL=notice systemd-cryptenroll --unlock-key-file=$run/state.key --tpm2-device=/dev/tpmrm0 \
		--tpm2-pcrs="$statepcrs" "$volume" > $run/tpm.log 2>&1; then
		fail "dock0.state: the TPM does not take the key of $volume: $(cat $run/tpm.log)"
	fi
	luks luksRemoveKey --batch-mode "$volume" ||
		fail "dock0.state: cannot remove the first key of $volume: $(cat $run/luks.log)"
}

load_ciphers() {
	for module in dm_crypt aesni_intel xts algif_skcipher; do
		load $module
	done
}

# read_key: copies the key to memory.
read_key() {
	split "$statekey"
	if [ -z "$name" ] || [ -z "$path" ]; then
		fail "dock0.state.key: '$statekey' is not DEVICE:/path"
	fi
	await_device "$name" "dock0.state.key"
	mount_volume "$device" $run/key ro "dock0.state.key"
	(umask 077 && cp "$run/key$path" $run/state.key) 2> /dev/null
	[ -s $run/state.key ] ||
		fail "dock0.state.key: no key in $path of $name; it has: $(names "$run/key${path%/*}")"
	umount $run/key
}

# check_volume: before it is mounted. xfs and btrfs do what is needed when they are mounted.
check_volume() {
	probe "$device"
	if [ -z "$statecheck" ] || [ "$fstype" != ext4 ] || [ ! -x /bin/e2fsck ]; then
		return 0
	fi
	e2fsck -p "$device" > $run/e2fsck.log 2>&1
	code=$?
	note state.check $code
	if grep -q 'recovering journal' $run/e2fsck.log; then
		note state.recovered yes
	fi
	# e2fsck(8): 1 and 2 mean repaired, 4 and more not
	[ $code -lt 4 ] || fail "dock0.state: e2fsck cannot repair $device by itself: $(cat $run/e2fsck.log)"
	[ $code = 0 ] || say "dock0.state: $device was repaired: $(cat $run/e2fsck.log)"
}

# grow_filesystem: to the size of its device; does nothing when it has it already.
grow_filesystem() {
	[ -n "$stategrow" ] || return 0
	case $fstype in
		ext4)
			[ -x /bin/resize2fs ] || return 0
			read -r sectors < "/sys/class/block/${device##*/}/size"
			blocks=$(($(le32 "$device" 1028) + ($(le32 "$device" 1360) << 32)))
			[ $((sectors / 2048 - ((blocks << $(le32 "$device" 1048)) >> 10))) -gt 0 ] || return 0
			resize2fs "$device"
			;;
		xfs) [ ! -x /bin/xfs_growfs ] || xfs_growfs $run/state ;;
		btrfs) [ ! -x /bin/btrfs ] || btrfs filesystem resize max $run/state ;;
	esac > $run/grow.log 2>&1 || say "dock0.state: cannot grow the file system of $device: $(cat $run/grow.log)"
}
