# Finds the images that make up the root, and mounts them.

# split SOURCE: sets name and path of NAME[:/path].
split() {
	case $1 in
		*:/*) name=${1%%:/*} path=/${1#*:/} ;;
		*) name=$1 path='' ;;
	esac
}

# names FOLDER: what is in it, on one line.
names() {
	cd "$1" 2> /dev/null && echo *
}

# mount_volume DEVICE FOLDER OPTIONS WHAT
mount_volume() {
	probe "$1"
	[ -n "$fstype" ] || fail "$4: $1 holds no file system that is known here"
	load_filesystem "$fstype"
	mkdir -p "$2"
	mount -t "$fstype" -o "$3" "$1" "$2" ||
		fail "$4: cannot mount $1 ($fstype) with '$3'"
}

# locate SOURCE FOLDER WHAT: sets image to a device, or to a file on the volume, which gets mounted at FOLDER.
locate() {
	split "$1"
	if [ "$name" = initrd ]; then
		image=$path # the boot loader put it here, in a second initramfs
	elif [ -n "$name" ]; then
		await_device "$name" "$3"
		image=$device
		[ -n "$path" ] || return 0
		mount_volume "$device" "$2" ro "$3"
		volumes="$2 $volumes"
		image=$2$path
	elif [ -d $run/boot ] && [ -n "$path" ]; then
		image=$run/boot$path
	else
		fail "$3: '$1' names no device, and dock0.root= no volume with files"
	fi
	[ -f "$image" ] || fail "$3: no file $path on ${name:-the volume of dock0.root}; it has: $(names "${image%/*}")"
}

# used_bytes IMAGE: how much of it counts; a squashfs or erofs may be smaller than its device.
used_bytes() {
	case $fstype in
		squashfs) echo $(($(le32 "$1" 40) + ($(le32 "$1" 44) << 32))) ;;
		erofs)
			shift_by=$(hex "$1" 1036 1)
			echo $(($(le32 "$1" 1060) << 0x$shift_by))
			;;
		*)
			if [ -b "$1" ]; then
				read -r sectors < "/sys/class/block/${1##*/}/size"
				echo $((sectors * 512))
			else
				stat -L -c %s "$1"
			fi
			;;
	esac
}

# copy_to_ram FILE-NAME WHAT: moves image to memory.
copy_to_ram() {
	probe "$image"
	bytes=$(used_bytes "$image")
	free=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	[ $((bytes / 1024)) -lt "$free" ] ||
		fail "$2: dock0.toram needs $((bytes >> 20)) MiB for $image, but only $((free >> 10)) MiB of memory are free"
	if [ ! -d $run/ram ]; then
		mkdir $run/ram
		mount -t tmpfs -o nosuid,nodev,size=100%,mode=0700 tmpfs $run/ram
	fi
	dd if="$image" of="$run/ram/$1" bs=1M count=$(((bytes + 1048575) >> 20)) 2>> $run/copy.log ||
		fail "$2: cannot copy $image to memory: $(cat $run/copy.log)"
	image=$run/ram/$1
}

# mount_image IMAGE FOLDER WHAT: read only.
mount_image() {
	probe "$1"
	options=ro
	[ "$fstype" = ext4 ] && options=ro,noload # a journal cannot be replayed on what is never written
	if [ -f "$1" ]; then
		load loop
		options=$options,loop
	fi
	mount_volume "$1" "$2" "$options" "$3"
	imagetype=$fstype
}

# unwrap FOLDER: when the root image holds nothing but one ext4 image, mounts that in its place.
unwrap() {
	inner=$(ls -A "$1")
	[ -f "$1/$inner" ] || return 0
	probe "$1/$inner"
	[ "$fstype" = ext4 ] || return 0
	mkdir -p $run/outer
	mount --move "$1" $run/outer || fail "dock0.root: cannot move the outer image"
	mount_image "$run/outer/$inner" "$1" "dock0.root: the image inside"
	note root.inner "$inner"
}

# add_layer: mounts the image `source`; false when it is to be left out.
add_layer() {
	case $source in
		'?'*)
			source=${source#'?'}
			split "$source"
			if [ -n "$name" ] && ! wait_for_device "$name"; then
				refuse "there is no device $name"
				return 1
			fi
			;;
	esac
	locate "$source" $run/volumes/$count "dock0.extra"
	if [ $count = 1 ] && [ -n "$extrahash" ] && ! has_hash "$image" "$extrahash"; then
		refuse "it does not match dock0.extrahash"
		return 1
	fi
	[ -z "$toram" ] || copy_to_ram "layer$count" "dock0.extra"
	mount_image "$image" $run/layers/$count "dock0.extra"
}

# refuse WHY: the host goes on without this layer.
refuse() {
	say "dock0.extra: $source is left out: $1"
	note layer.$count.refused "$source: $1"
}

# has_hash FILE HASH,SIZE: whether the first SIZE bytes have that SHA-256.
has_hash() {
	number "dock0.extrahash=${2#*,}" || return
	found=$(head -c "${2#*,}" "$1" 2> /dev/null | sha256sum)
	[ "${found%% *}" = "${2%%,*}" ]
}

mount_images() {
	volumes='' lowers=''
	locate "$root" $run/boot "dock0.root"
	note root "$root"
	note root.image "$image"
	verify_root
	what=dock0.root
	[ -z "$verity" ] || what="dock0.root, checked by dock0.verity"
	[ -z "$toram" ] || copy_to_ram root "$what"
	mount_image "$image" $run/root "$what"
	unwrap $run/root
	note root.type "$imagetype"
	lowers=$run/root count=0 mounted=0
	rest=$extra
	while [ -n "$rest" ]; do
		source=${rest%%,*}
		rest=${rest#"$source"}
		rest=${rest#,}
		count=$((count + 1))
		add_layer || continue
		mounted=$((mounted + 1))
		note layer.$count "$source"
		lowers=$run/layers/$count:$lowers
	done
	if [ -n "$toram" ]; then
		let_go_of_verity
		for volume in $volumes; do
			umount "$volume" || say "cannot let go of $volume"
			rmdir "$volume" 2> /dev/null
		done
	fi
	note layers "$mounted"
	note toram "${toram:-off}"
}
