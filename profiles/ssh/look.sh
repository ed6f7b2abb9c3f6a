#!/bin/sh
# Facts of a server that dock0 deploy may replace, a KEY=VALUE line each; looks only. Runs as root in the
# server's own shell, after identity.sh; $1 is the disk that the config names, $2 what ssh has in SSH_CONNECTION.

echo "uid=$(id -u)"
echo "arch=$(uname -m)"
echo "kernel=$(uname -r)"
echo "host=$(uname -n)"
echo "boot=$(cat /proc/sys/kernel/random/boot_id)"
sed -nE 's/^MemTotal: *([0-9]+) kB/memory=\1/p; s/^MemAvailable: *([0-9]+) kB/available=\1/p' /proc/meminfo
echo "room=$(df -P -k /var/tmp | sed -n '2s/  */ /gp' | cut -d ' ' -f 4)"
[ ! -e /sys/kernel/kexec_loaded ] || echo "kexec=$(cat /proc/sys/kernel/kexec_load_disabled 2> /dev/null)"
sed -nE 's/.*\[(.*)\].*/lockdown=\1/p' /sys/kernel/security/lockdown 2> /dev/null
echo "port=$(echo "$2" | cut -d ' ' -f 4)"
read -r line < /proc/cmdline
set -f
for word in $line; do
	case $word in
		console=*) echo "$word" ;;
		dock0.slot=*) echo "slot=${word#*=}" ;;
	esac
done
set +f

card=$(ip -4 route show default | sed -nE '1s/.* dev ([^ ]+).*/\1/p')
[ -n "$card" ] || card=$(ip -6 route show default | sed -nE '1s/.* dev ([^ ]+).*/\1/p')
if [ -n "$card" ]; then
	echo "link=$(cat "/sys/class/net/$card/address")"
	ip -o addr show dev "$card" scope global | sed -nE 's/.* inet6? ([0-9a-f.:]+(\/[0-9]+)?) .*/address=\1/p'
	ip -o addr show dev "$card" scope global | sed -nE 's/.* dynamic .*/dynamic=yes/p'
	{
		ip -4 route show default dev "$card"
		ip -6 route show default dev "$card"
	} | sed -nE 's/.* via ([0-9a-f.:]+).*/router=\1/p'
fi

# below NAME: the disks and partitions that a device of others lies on (LVM, RAID, encryption), else itself.
below() {
	set -- "$1" "/sys/class/block/$1/slaves"/*
	if [ ! -e "$2" ]; then
		echo "$1"
		return
	fi
	shift
	for slave; do
		below "${slave##*/}"
	done
}

target=$(readlink -f "${1:-/}")
echo "target=${target##*/}"
for sys in /sys/block/*; do
	disk=${sys##*/}
	case $disk in
		loop* | ram* | zram* | sr* | fd* | dm-* | md* | nbd*) continue ;;
	esac
	if [ ! -b "/dev/$disk" ] || [ "$(cat "$sys/size")" = 0 ]; then continue; fi
	echo "disk=$disk $(disk_identity "$disk")"
	echo "block=$disk $(cat "$sys/queue/logical_block_size")"
	used=$(head -c 1048576 "/dev/$disk" | tr -d '\0' | head -c 1 | wc -c)
	[ "$used" = 0 ] || echo "used=$disk"
	for part in "$sys/$disk"*; do
		[ -e "$part/partition" ] || continue
		echo "part=$disk ${part##*/} $(cat "$part/start") $(cat "$part/size") $(sed -n 's/^PARTNAME=//p' "$part/uevent")"
	done
done
while read -r device folder _; do
	case $device in
		/dev/*)
			device=$(readlink -f "$device")
			for name in $(below "${device##*/}"); do
				echo "mount=$name $folder"
			done
			;;
	esac
done < /proc/mounts
