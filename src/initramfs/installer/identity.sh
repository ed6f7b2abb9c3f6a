# What a disk is known by under any kernel; also run by the shell of the system that is replaced.

# bytes_at FILE OFFSET COUNT: as hexadecimal digits.
bytes_at() {
	dd if="$1" bs=1 skip="$2" count="$3" 2> /dev/null | od -A n -t x1 | tr -d ' \n'
}

# disk_identity NAME: size in sectors of 512 bytes, place on the PCI bus, SCSI address without the controller,
# serial number, and the partition table's own number: MBR disk signature, or GPT disk GUID (UEFI 2.10, 5.3.2).
disk_identity() {
	place=$(readlink -f "/sys/block/$1" | sed -nE 's#.*/([0-9a-f]+:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f])/.*#\1#p')
	scsi=$(readlink "/sys/block/$1/device" | sed -nE 's#.*/[0-9]+:([0-9]+:[0-9]+:[0-9]+)$#\1#p')
	serialnumber=$(cat "/sys/block/$1/serial" "/sys/block/$1/device/serial" 2> /dev/null | head -n 1 | tr -cd 'A-Za-z0-9_.-')
	table=$(bytes_at "/dev/$1" 440 4)
	block=$(cat "/sys/block/$1/queue/logical_block_size")
	[ "$(bytes_at "/dev/$1" "$block" 8)" != 4546492050415254 ] ||
		table=$(bytes_at "/dev/$1" $((block + 56)) 16)
	echo "$(cat "/sys/block/$1/size")/$place/$scsi/$serialnumber/$table"
}
