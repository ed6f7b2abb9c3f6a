# shellcheck shell=sh disable=SC2034,SC2154 # the parts share variables
# Streams a release into a slot. Nothing larger than one block is kept in memory.

block=1048576

# plan_slot: sets where each file goes: offsets in bytes, multiples of 4096.
plan_slot() {
	device=$(partition "dock0-slot-$target") || fail "no partition of slot $target"
	file_facts "$root_file"
	kernel_at=$(round_up "$file_bytes")
	file_facts vmlinuz
	kernel_bytes=$file_bytes
	initrd_at=$((kernel_at + $(round_up "$file_bytes")))
	file_facts initramfs
	initrd_bytes=$file_bytes
	end=$((initrd_at + $(round_up "$file_bytes")))
	room=$(partition_bytes "$device")
	[ "$end" -le "$room" ] ||
		fail "the release takes $end bytes, and slot $target has only $room"
}

round_up() {
	echo $((($1 + 4095) / 4096 * 4096))
}

# write_slot: all files into the slot's partition, then what came and what the disk gives back are compared.
write_slot() {
	echo 0 >"$work/written"
	write_file "$root_file" 0
	write_file vmlinuz "$kernel_at"
	write_file initramfs "$initrd_at"
	sync "$device" || fail "$device: write error"
	blockdev --flushbufs "$device" 2>/dev/null
	echo 3 2>/dev/null >"$proc/sys/vm/drop_caches"
	check_file "$root_file" 0
	check_file vmlinuz "$kernel_at"
	check_file initramfs "$initrd_at"
}

# write_file NAME OFFSET
write_file() {
	file_facts "$1"
	rm -f "$work/pipe" "$work/broken"
	mkfifo "$work/pipe"
	sha256sum <"$work/pipe" >"$work/sum" &
	summer=$!
	{ fetch "$1" 2>"$work/fetch-error" || : >"$work/broken"; } |
		head -c "$((file_bytes + 1))" | tee "$work/pipe" | write_blocks "$2" ||
		fail "cannot write $1 to $device: $(tail -n 1 "$work/write-error")"
	wait $summer
	read -r sum _ <"$work/sum"
	[ "$sum" != "$file_sum" ] || return 0
	[ ! -e "$work/broken" ] ||
		fail "$1: the transfer broke off: $(tail -n 1 "$work/fetch-error")"
	fail "$1 arrived with SHA-256 $sum, but the manifest says $file_sum"
}

# write_blocks OFFSET: standard input onto the device, leaving alone blocks that are there already.
write_blocks() {
	at=$1
	read -r written <"$work/written"
	while :; do
		dd bs=$block count=1 iflag=fullblock of="$work/block" status=none 2>"$work/write-error" || return 1
		bytes=$(wc -c <"$work/block")
		[ "$bytes" -gt 0 ] || break
		length=$(round_up "$bytes")
		[ "$bytes" -eq "$length" ] || truncate -s "$length" "$work/block"
		# what is too long is not written into the next file's place
		[ $((at + length)) -le "$room" ] || break
		if ! cmp -s -n "$length" "$work/block" "$device" 0 "$at"; then
			dd if="$work/block" of="$device" bs=4096 seek=$((at / 4096)) conv=notrunc status=none \
				2>"$work/write-error" || return 1
			written=$((written + length))
		fi
		at=$((at + length))
	done
	echo "$written" >"$work/written"
}

# check_file NAME OFFSET: reads it back past all caches.
check_file() {
	file_facts "$1"
	count=$(((file_bytes + block - 1) / block))
	sum=$(read_back "$2" | head -c "$file_bytes" | sha256sum)
	[ "${sum%% *}" = "$file_sum" ] ||
		fail "$1 reads back from $device with SHA-256 ${sum%% *} instead of $file_sum: the disk is not to be trusted"
}

read_back() {
	dd if="$device" bs=$block skip="$1" count="$count" iflag=direct,skip_bytes status=none 2>/dev/null ||
		dd if="$device" bs=$block skip="$1" count="$count" iflag=skip_bytes status=none
}

# new_header: the header's text for GRUB and for us; GRUB counts sectors of 512 bytes.
new_header() {
	cat <<-END
		# dock0 slot $(number "$target")
		set dock0_version='$new_version'
		set dock0_release='$new_id'
		set dock0_name='$new_name'
		set dock0_kernel='$((kernel_at / 512))+$(((kernel_bytes + 511) / 512))'
		set dock0_initrd='$((initrd_at / 512))+$(((initrd_bytes + 511) / 512))'
		set dock0_cmdline='$new_cmdline'
		set dock0_end='ok'
	END
}
