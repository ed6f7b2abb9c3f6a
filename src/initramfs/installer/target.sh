# The installer's disk: the image is checked, then its place found, then written and read again.

check_image() {
	set -- $here/*.pem
	if [ -f "$1" ]; then
		signed=''
		for key; do
			openssl pkeyutl -verify -pubin -inkey "$key" -rawin -in $here/manifest \
				-sigfile $here/signature > /dev/null 2>&1 && signed=yes
		done
		[ -n "$signed" ] || refuse "the signature of the image is wrong"
		[ "$(sed -n 's/^[[:space:]]*"sha256": "\([0-9a-f]*\)".*/\1/p' $here/manifest)" = "$packed" ] ||
			refuse "the signed manifest is about another image"
	fi
	found=$(sha256sum $here/disk.img.gz)
	[ "${found%% *}" = "$packed" ] || refuse "the image was damaged on its way"
}

# find_target: sets target to the name of the one disk of that identity.
find_target() {
	deadline=$(($(seconds_now) + waitseconds))
	target=''
	until matches; do
		load_next_driver && continue
		[ "$(seconds_now)" -lt "$deadline" ] ||
			refuse "no disk is $disk; there are: $(identities)"
		pause
	done
	# the others may still be appearing
	while load_next_driver; do :; done
	matches
	[ "$count" = 1 ] || refuse "$count disks are $disk"
}

matches() {
	count=0
	for sys in /sys/block/*; do
		name=${sys##*/}
		if [ -b "/dev/$name" ] && [ "$(disk_identity "$name")" = "$disk" ]; then
			target=$name
			count=$((count + 1))
		fi
	done
	[ $count -gt 0 ]
}

identities() {
	for sys in /sys/block/*; do
		case ${sys##*/} in
			loop* | ram*) ;;
			*) echo "${sys##*/} $(disk_identity "${sys##*/}")" ;;
		esac
	done
}

# Sectors that were written to the disk so far (Documentation/block/stat.rst).
written_sectors() {
	read -r _ _ _ _ _ _ sectors _ < "/sys/block/$target/stat"
	echo "$sectors"
}

# failed MESSAGE: the old system is gone, so somebody has to look.
failed() {
	tell failed 0 "$1"
	while :; do open_shell "$1"; done
}

install_image() {
	trap 'failed "the installer ended unexpectedly while writing"' EXIT
	tries=3
	read -r disksectors < "/sys/block/$target/size"
	until write_image && read_again && write_table "/dev/$target" "$disksectors"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || failed "the disk $target cannot be written: $(tail -n 1 $run/write.log)"
	done
}

write_image() {
	tell writing 0 "writing $target"
	if [ "$whole" = yes ]; then
		read -r size < "/sys/block/$target/size"
		[ $((bytes / 512)) -gt $((size - 8192)) ] ||
			dd if=/dev/zero of="/dev/$target" bs=512 seek=$((size - 8192)) count=8192 conv=notrunc,fsync 2> $run/write.log
	fi
	before=$(written_sectors)
	gzip -d -c $here/disk.img.gz | head -c "$bytes" |
		dd of="/dev/$target" bs=1048576 conv=notrunc,fsync 2> $run/write.log &
	writer=$!
	while kill -0 $writer 2> /dev/null; do
		percent=$((($(written_sectors) - before) * 51200 / bytes))
		[ $percent -le 99 ] || percent=99
		tell writing $percent "writing $target"
		sleep 1
	done
	wait $writer
}

# What is read afterwards is what is on the disk, and not what the memory remembers of it.
forget_disk() {
	sync
	echo 3 > /proc/sys/vm/drop_caches
}

read_again() {
	tell writing 99 "reading $target again"
	forget_disk
	found=$(head -c "$bytes" "/dev/$target" | sha256sum)
	[ "${found%% *}" = "$sha256" ] && return
	echo "it holds something else than was written" > $run/write.log
	return 1
}

# write_table DEVICE SECTORS: when a partition is kept, the image's table says where it begins, and not where it
# ends. The copy at the end of the disk goes first, so that what the front leads to is there.
write_table() {
	[ -f $here/front ] || return 0
	tell writing 99 "writing the partition table of $target"
	backsectors=$(($(wc -c < $here/back) / 512))
	dd if=$here/back of="$1" bs=512 seek=$(($2 - backsectors)) conv=notrunc,fsync 2> $run/write.log &&
		dd if=$here/front of="$1" bs=512 conv=notrunc,fsync 2> $run/write.log || return
	forget_disk
	dd if="$1" bs=512 skip=$(($2 - backsectors)) 2> /dev/null | cmp -s - $here/back &&
		head -c "$(wc -c < $here/front)" "$1" | cmp -s - $here/front && return
	echo "its partition table is another than was written" > $run/write.log
	return 1
}
