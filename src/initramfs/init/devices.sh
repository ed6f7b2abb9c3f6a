# Block devices: what is on them, and finding one by what it is called. Superblocks are read here
# because busybox is not always built with blkid, and never knows PARTUUID.

# hex FILE OFFSET COUNT: bytes as hexadecimal digits.
hex() {
	hexdump -v -e '/1 "%02x"' -s "$2" -n "$3" "$1" 2> /dev/null
}

# le32 FILE OFFSET: a little-endian number of 32 bits.
le32() {
	bytes=$(hex "$1" "$2" 4 | sed -E 's/(..)(..)(..)(..)/\4\3\2\1/')
	echo $((0x${bytes:-0}))
}

# chars FILE OFFSET COUNT: text up to its zero bytes, without spaces at its end.
chars() {
	dd if="$1" bs=1 skip="$2" count="$3" 2> /dev/null | tr -d '\0' | sed 's/ *$//'
}

# uuid FILE OFFSET: 16 bytes in the usual form.
uuid() {
	hex "$1" "$2" 16 | sed -E 's/^(.{8})(.{4})(.{4})(.{4})/\1-\2-\3-\4-/'
}

# guid FILE OFFSET: the same for EFI, where the first three parts are little-endian (UEFI 2.10, appendix A).
guid() {
	hex "$1" "$2" 16 |
		sed -E 's/^(..)(..)(..)(..)(..)(..)(..)(..)(....)/\4\3\2\1-\6\5-\8\7-\9-/'
}

# serial FILE OFFSET: FAT's volume number as ABCD-0123.
serial() {
	number=$(le32 "$1" "$2")
	printf '%04X-%04X\n' $((number >> 16)) $((number & 0xffff))
}

# probe FILE: sets fstype, fsuuid, fslabel from the superblock; all empty when it is not known.
# Offsets: linux/fs/ext4/ext4.h, xfs_format.h, the LUKS2 on-disk format, btrfs uapi, erofs_fs.h, squashfs_fs.h, Microsoft's FAT specification.
probe() {
	fstype='' fsuuid='' fslabel=''
	case $(hex "$1" 0 4) in
		68737173) fstype=squashfs ;;
		58465342) fstype=xfs fsuuid=$(uuid "$1" 32) fslabel=$(chars "$1" 108 12) ;;
		4c554b53) fstype=crypto_LUKS fsuuid=$(chars "$1" 168 40) fslabel=$(chars "$1" 24 48) ;;
	esac
	[ -n "$fstype" ] && return
	if [ "$(hex "$1" 1080 2)" = 53ef ]; then
		fstype=ext4 fsuuid=$(uuid "$1" 1128) fslabel=$(chars "$1" 1144 16)
	elif [ "$(hex "$1" 1024 4)" = e2e1f5e0 ]; then
		fstype=erofs fsuuid=$(uuid "$1" 1072) fslabel=$(chars "$1" 1088 16)
	elif [ "$(hex "$1" 65600 8)" = 5f42485266535f4d ]; then
		fstype=btrfs fsuuid=$(uuid "$1" 65568) fslabel=$(chars "$1" 65835 255)
	elif [ "$(hex "$1" 82 5)" = 4641543332 ]; then
		fstype=vfat fsuuid=$(serial "$1" 67) fslabel=$(chars "$1" 71 11)
	elif [ "$(hex "$1" 54 4)" = 46415431 ]; then
		fstype=vfat fsuuid=$(serial "$1" 39) fslabel=$(chars "$1" 43 11)
	fi
}

# part NAME: sets partuuid, partlabel of /sys/class/block/NAME; empty when it is no partition.
part() {
	partuuid='' partlabel='' partn=''
	while IFS='=' read -r key value; do
		case $key in
			PARTN) partn=$value ;;
			PARTNAME) partlabel=$value ;;
			PARTUUID) partuuid=$value ;; # since Linux 6.13
		esac
	done < "/sys/class/block/$1/uevent"
	[ -n "$partn" ] || return 0
	[ -n "$partuuid" ] || read_partuuid "$1"
}

# read_partuuid NAME: from the table of the whole disk: GPT's entry (UEFI 2.10, 5.3), or the MBR's
# disk signature and the partition's number, as the kernel's root=PARTUUID= has it.
read_partuuid() {
	whole=$(readlink -f "/sys/class/block/$1")
	whole=${whole%/*}
	disk=/dev/${whole##*/}
	read -r sector < "$whole/queue/logical_block_size"
	if [ "$(hex "$disk" "$sector" 8)" = 4546492050415254 ]; then
		entries=$(le32 "$disk" $((sector + 72)))
		size=$(le32 "$disk" $((sector + 84)))
		partuuid=$(guid "$disk" $((entries * sector + (partn - 1) * size + 16)))
	else
		partuuid=$(printf '%08x-%02x' "$(le32 "$disk" 440)" "$partn")
	fi
}

lower() {
	echo "$1" | tr '[:upper:]' '[:lower:]'
}

# each_device COMMAND...: runs it with the name of each device that can hold something, until it succeeds.
each_device() {
	for sys in /sys/class/block/*; do
		case ${sys##*/} in
			'*' | loop* | ram* | zram*) continue ;;
		esac
		read -r sectors < "$sys/size"
		if [ "$sectors" -gt 0 ] && [ -b "/dev/${sys##*/}" ]; then
			"$@" "${sys##*/}" && return 0
		fi
	done
	return 1
}

# scsi_order NAME: sets order, by which the SCSI disks can be put in a row.
scsi_order() {
	link=$(readlink "/sys/block/$1/device" 2> /dev/null) || return
	IFS=: read -r controller channel target lun << END
${link##*/}
END
	order=$((((controller * 256 + channel) * 65536 + target) * 65536 + lun))
}

# is_scsi NUMBER NAME: whether NAME is that one of the SCSI disks by address, counted from 1. The kernel looks
# at them side by side, so that their names tell nothing.
is_scsi() {
	scsi_order "$2" || return
	own=$order
	place=1
	for other in /sys/block/sd*; do
		scsi_order "${other##*/}" && [ "$order" -lt "$own" ] && place=$((place + 1))
	done
	[ "$place" = "$1" ]
}

# is_called KIND VALUE NAME: whether device NAME is the one looked for.
is_called() {
	case $1 in
		LABEL) probe "/dev/$3" && [ "$fslabel" = "$2" ] ;;
		UUID) probe "/dev/$3" && [ "$(lower "$fsuuid")" = "$(lower "$2")" ] ;;
		PARTLABEL) part "$3" && [ "$partlabel" = "$2" ] ;;
		SCSI) is_scsi "$2" "$3" ;;
		PARTUUID) part "$3" && [ "$(lower "$partuuid")" = "$(lower "$2")" ] ;;
	esac && device=/dev/$3
}

# find_device NAME: sets device when it is there now.
find_device() {
	case $1 in
		/dev/*) [ -b "$1" ] && device=$1 ;;
		*) each_device is_called "${1%%=*}" "${1#*=}" ;;
	esac
}

# await_device NAME WHAT: sets device, waiting until it appears; NAME is LABEL=x and so on, WHAT is for the report.
await_device() {
	case $1 in
		/dev/?* | LABEL=?* | UUID=?* | PARTUUID=?* | PARTLABEL=?* | SCSI=?*) ;;
		*) fail "$2: '$1' is none of /dev/..., LABEL=, UUID=, PARTUUID=, PARTLABEL=, SCSI=" ;;
	esac
	wait_for_device "$1" || fail "$2: no device $1 after $waitseconds s"
}

# wait_for_device NAME: the same, but false when it does not come.
wait_for_device() {
	deadline=$(($(seconds_now) + waitseconds))
	until find_device "$1"; do
		load_next_driver && continue
		[ "$(seconds_now)" -lt "$deadline" ] || return
		pause
	done
}

list_devices() {
	each_device list_device || :
}

list_device() {
	probe "/dev/$1"
	part "$1"
	echo "  /dev/$1 $((sectors / 2)) KiB type=$fstype label=$fslabel uuid=$fsuuid partlabel=$partlabel partuuid=$partuuid"
	return 1
}
