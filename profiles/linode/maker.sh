#!/bin/sh
# Runs once on a stock distribution, as a StackScript of dock0 deploy: fetches a disk image, writes it to the
# second disk, checks what was written, and switches the machine off. What does not check is made unbootable.
#
# <UDF name="url" label="Address of the gzipped disk image" />
# <UDF name="bytes" label="Size of the disk inside, in bytes" />
# <UDF name="sha256" label="SHA-256 of the disk inside" />
# <UDF name="target" label="Disk to write" default="/dev/sdb" />
url=${URL:-${url:-}}
bytes=${BYTES:-${bytes:-}}
sha256=${SHA256:-${sha256:-}}
target=${TARGET:-${target:-/dev/sdb}}

say() { echo "dock0 maker: $*" > /dev/console; }

finish() {
	say "$1"
	sync
	poweroff -f
	exit
}

fetch() {
	if command -v curl > /dev/null; then
		curl --fail --silent --show-error --location --retry 5 "$url"
	else
		wget -q -O - "$url"
	fi
}

say "fetching $url"
fetch | gunzip | dd of="$target" bs=1048576 2> /dev/null
sync
# what is read is what is on the disk, and not what the machine remembers of it
echo 3 > /proc/sys/vm/drop_caches
found=$(head -c "$bytes" "$target" | sha256sum)
if [ "${found%% *}" != "$sha256" ]; then
	dd if=/dev/zero of="$target" bs=1048576 count=4 2> /dev/null
	finish "the disk is not what was promised: ${found%% *}"
fi
finish "the disk is written and checked"
