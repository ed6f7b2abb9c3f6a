# shellcheck shell=sh disable=SC2154 # the parts share variables
# Where facts come from. read_NAME FOLDER writes what it hears there and is false when nobody speaks; then
# what was heard at an earlier boot still counts.

# listen SOURCE...: to those of them that the config names.
listen() {
	for source; do
		case " $sources " in
			*" $source "*) ;;
			*) continue ;;
		esac
		heard=$run/heard/$source
		rm -rf "$heard"
		mkdir "$heard"
		if "read_$source" "$heard"; then
			remember "$source"
		else
			say "$source: nothing heard"
		fi
	done
}

# remember SOURCE: what it says now. Another number of the instance than before means a copied disk: what was
# heard before was for another host, and so was the key that ssh clients know it by.
remember() {
	kept=$state/sources/$1
	if [ -s "$heard/instance-id" ] && [ -s "$kept/instance-id" ] && ! cmp -s "$heard/instance-id" "$kept/instance-id"; then
		say "$1: this is instance $(cat "$heard/instance-id") now, no longer $(cat "$kept/instance-id")"
		rm -rf "$state/sources"
		mkdir "$state/sources"
		forget_ssh_key
	fi
	rm -rf "$kept.new" "$kept"
	cp -R "$heard" "$kept.new"
	mv "$kept.new" "$kept"
}

forget_ssh_key() {
	[ -d "$root/var/lib/dock0/ssh" ] || return 0
	rm -rf "$root/var/lib/dock0/ssh"
	# Before the network, sshd has not begun and finds a new one when it does.
	[ -z "$root" ] || return 0
	(
		# shellcheck source=/dev/null
		. "$lib/init.sh"
		! init_active sshd || { "$lib/ssh-keys" && init_restart sshd; }
	)
}

# dock0.hostname=, dock0.instance=, dock0.ssh_key=TYPE,KEY[,COMMENT] (any number)
read_cmdline() {
	set -f
	# shellcheck disable=SC2013 # words are what it is made of
	for word in $(cat "$root/proc/cmdline"); do
		value=${word#*=}
		case $word in
			dock0.hostname=*) take_hostname "$1" "$value" ;;
			dock0.instance=*) take_instance "$1" "$value" ;;
			dock0.ssh_key=*) echo "$value" | tr , ' ' | take_keys "$1" ;;
		esac
	done
	set +f
}

# QEMU's -fw_cfg name=opt/io.dock0/NAME,string=… (Documentation/ABI/testing/sysfs-firmware-qemu_fw_cfg)
read_fwcfg() {
	files=$root/sys/firmware/qemu_fw_cfg/by_name/opt/io.dock0
	[ -d "${files%/opt/*}" ] || [ -n "$root" ] || modprobe -q qemu_fw_cfg 2>/dev/null
	[ -d "${files%/opt/*}" ] || return
	for name in hostname instance-id ssh-keys network-config; do
		[ -r "$files/$name/raw" ] || continue
		# a copy, since the file itself reads byte by byte from a port
		cat "$files/$name/raw" >"$run/raw"
		# the last line may lack its end
		echo >>"$run/raw"
		case $name in
			hostname) take_hostname "$1" "$(head -n 1 "$run/raw")" ;;
			instance-id) take_instance "$1" "$(head -n 1 "$run/raw")" ;;
			ssh-keys) take_keys "$1" <"$run/raw" ;;
			network-config) take_network "$1" "$run/raw" ;;
		esac
	done
	rm -f "$run/raw"
}

# A volume with the label cidata, or the folder where cloud-init looks as well.
read_nocloud() {
	seed=$root/var/lib/cloud/seed/nocloud
	mounted=''
	if [ ! -f "$seed/meta-data" ]; then
		[ -z "$root" ] || return
		# disks come when their drivers have been loaded
		udevadm settle --timeout=10 2>/dev/null || :
		volume=$(findfs LABEL=cidata 2>/dev/null || findfs LABEL=CIDATA 2>/dev/null) || return
		seed=$run/seed
		mkdir -p "$seed"
		mount -o ro,nosuid,nodev,noexec "$volume" "$seed" || return
		mounted=yes
	fi
	# cloud-init asks for both of them
	if [ -f "$seed/meta-data" ] && [ -f "$seed/user-data" ]; then
		take_meta_data "$1" "$seed/meta-data"
		take_user_data "$1" "$seed/user-data"
		[ ! -f "$seed/network-config" ] || take_network "$1" "$seed/network-config"
		spoke=yes
	else
		say "nocloud: meta-data or user-data is missing"
		spoke=''
	fi
	[ -z "$mounted" ] || umount "$seed"
	[ -n "$spoke" ]
}
