# Makes the last partition of a GPT larger when the disk has grown: UEFI specification 2.10, 5.3.
# The copy at the end of the disk is written first, so that there is a valid table at any moment.

# le64 FILE OFFSET: a little-endian number of 64 bits.
le64() {
	echo $(($(le32 "$1" "$2") + ($(le32 "$1" $(($2 + 4))) << 32)))
}

# put COUNT NUMBER: a little-endian number as COUNT bytes.
put() {
	left=$1 value=$2
	while [ "$left" -gt 0 ]; do
		# shellcheck disable=SC2059 # the format is the byte
		printf "\\$(printf '%03o' $((value & 255)))"
		value=$((value >> 8))
		left=$((left - 1))
	done
}

# patch_file FILE OFFSET: puts standard input into a file.
patch_file() {
	dd of="$1" bs=1 seek="$2" conv=notrunc 2> /dev/null
}

# crc_of FILE: CRC-32 as a number; gzip has one of what it packed before its last four bytes (RFC 1952).
crc_of() {
	gzip -c < "$1" | tail -c 8 > "$1.crc"
	le32 "$1.crc" 0
}

# gpt_header FILE OWN OTHER ENTRIES: a header that lies at sector OWN, its twin at OTHER, its entries at
# ENTRIES; the rest is the old header's, but for what has changed.
gpt_header() {
	dd if=/dev/zero of="$1" bs="$sector" count=1 2> /dev/null
	{
		head -c 16 $gpt.header
		put 8 0
		put 8 "$2"
		put 8 "$3"
		tail -c +41 $gpt.header | head -c 8
		put 8 $lastusable
		tail -c +57 $gpt.header | head -c 16
		put 8 "$4"
		tail -c +81 $gpt.header | head -c 8
		put 4 "$(crc_of $gpt.entries)"
	} > "$1.fields"
	patch_file "$1" 0 < "$1.fields"
	put 4 "$(crc_of "$1.fields")" | patch_file "$1" 16
}

# write_sectors FILE FIRST: to the disk.
write_sectors() {
	dd if="$1" of="$disk" bs="$sector" seek="$2" conv=notrunc 2>> $run/gpt.log
}

# is_last END: whether no partition begins after sector END.
is_last() {
	hexdump -v -e '128/1 "%02x" "\n"' $gpt.entries > $gpt.lines
	while read -r entry; do
		case $entry in
			00000000000000000000000000000000*) ;;
			*)
				start=$(echo "$entry" | sed -E 's/^.{64}(..)(..)(..)(..)(..)(..)(..)(..).*/\8\7\6\5\4\3\2\1/')
				[ $((0x$start)) -le "$1" ] || return
				;;
		esac
	done < $gpt.lines
}

# grow_gpt DISK SECTOR-SIZE SECTORS NUMBER: makes partition NUMBER end at the last whole MiB of the disk.
# Sets grown when it did; leaves a table alone that is damaged, of another kind, or has partitions after it.
grow_gpt() {
	disk=$1 sector=$2 grown=''
	lastsector=$(($3 - 1)) gpt=$run/gpt
	dd if="$disk" of=$gpt.header bs="$sector" skip=1 count=1 2> /dev/null
	[ "$(hex $gpt.header 0 8)" = 4546492050415254 ] && [ "$(le32 $gpt.header 12)" = 92 ] &&
		[ "$(le32 $gpt.header 84)" = 128 ] || return 0
	[ "$(le64 $gpt.header 32)" -lt $lastsector ] || return 0
	entries=$(le64 $gpt.header 72) count=$(le32 $gpt.header 80)
	length=$(((count * 128 + sector - 1) / sector))
	dd if="$disk" bs="$sector" skip="$entries" count=$length 2> /dev/null | head -c $((count * 128)) > $gpt.entries
	head -c 92 $gpt.header > $gpt.fields
	put 4 0 | patch_file $gpt.fields 16
	if [ "$(crc_of $gpt.fields)" != "$(le32 $gpt.header 16)" ] || [ "$(crc_of $gpt.entries)" != "$(le32 $gpt.header 88)" ]; then
		say "the partition table of $disk is damaged, so it is left alone"
		return
	fi
	lastusable=$((lastsector - length - 1))
	align=$((1048576 / sector))
	at=$((($4 - 1) * 128))
	begin=$(le64 $gpt.entries $((at + 32))) end=$(le64 $gpt.entries $((at + 40)))
	target=$(((lastusable + 1) / align * align - 1))
	[ "$begin" -gt 0 ] && [ "$target" -gt "$end" ] && is_last "$end" || return 0
	put 8 $target | patch_file $gpt.entries $((at + 40))
	gpt_header $gpt.primary 1 $lastsector "$entries"
	gpt_header $gpt.backup $lastsector 1 $((lastsector - length))
	# the protective MBR covers the whole disk, as far as its 32 bits reach
	size=$lastsector
	[ $size -le 4294967295 ] || size=4294967295
	if write_sectors $gpt.entries $((lastsector - length)) && write_sectors $gpt.backup $lastsector && sync &&
		put 4 $size | patch_file "$disk" 458 &&
		write_sectors $gpt.entries "$entries" && write_sectors $gpt.primary 1 && sync; then
		grown=$(((target - end) * sector >> 20))
	else
		say "cannot write the partition table of $disk: $(cat $run/gpt.log)"
	fi
}

# grow_partition DEVICE: does so for a partition, before anything of its disk is mounted.
grow_partition() {
	part "${1##*/}"
	[ -n "$partn" ] || return 0
	whole=$(readlink -f "/sys/class/block/${1##*/}")
	whole=${whole%/*}
	read -r sectors < "$whole/size"
	read -r sectorsize < "$whole/queue/logical_block_size"
	grow_gpt "/dev/${whole##*/}" "$sectorsize" $((sectors * 512 / sectorsize)) "$partn"
	[ -n "$grown" ] || return 0
	blockdev --rereadpt "/dev/${whole##*/}" 2>> $run/gpt.log ||
		say "the kernel does not see the larger partition before the next boot: $(cat $run/gpt.log)"
	note state.grown "$grown MiB"
}
