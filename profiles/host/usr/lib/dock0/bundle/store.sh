# shellcheck shell=sh disable=SC2034,SC2154 # the parts share variables
# The bundles that this host knows since its boot: one folder each with the files that came and the mounted
# tree. They live in memory; the one to boot with is in a partition of the disk.
store=$run/bundle

tree_of() { echo "$store/$1/tree"; }
current() { cat "$store/current"; }
set_current() { echo "$1" >"$store/current"; }

# first_bundle: number 0 is what the initramfs mounted above the root, or nothing.
first_bundle() {
	[ ! -f "$store/current" ] || return 0
	mkdir -p "$store/0"
	if [ -d "$run/layers/1" ]; then
		ln -sfn "$run/layers/1" "$store/0/tree"
	else
		mkdir -p "$store/0/tree"
	fi
	set_current 0
}

# drop NAME: forgets what is stored under it.
drop() {
	! grep -q " $store/$1/tree " "$proc/mounts" || umount "$store/$1/tree"
	rm -rf "${store:?}/$1"
}

# receive: unpacks what comes on standard input as $store/new.
receive() {
	drop new
	mkdir "$store/new"
	tar -x --no-same-owner -C "$store/new" -f - || fail "what came is no archive"
	for part in bundle.squashfs bundle.json; do
		[ -f "$store/new/$part" ] || fail "what came is no bundle: it has no $part"
	done
}

# verify FOLDER: its hash, and the signature when this host trusts any key.
verify() {
	bytes=$(sed -n 's/^\t"bytes": \([0-9]*\).*/\1/p' "$1/bundle.json")
	sum=$(sed -n 's/^\t"sha256": "\([0-9a-f]*\)".*/\1/p' "$1/bundle.json")
	found=$(sha256sum <"$1/bundle.squashfs")
	[ "${found%% *} $(stat -c %s "$1/bundle.squashfs")" = "$sum $bytes" ] ||
		fail "the bundle was changed on its way"
	known=''
	for key in "$lib/keys.d/"*.pem; do
		[ -f "$key" ] || continue
		known=yes
		if openssl pkeyutl -verify -pubin -inkey "$key" -rawin -in "$1/bundle.json" \
			-sigfile "$1/bundle.sig" >/dev/null 2>&1; then
			key=${key##*/}
			say "signed by key ${key%.pem}"
			known=signed
			break
		fi
	done
	[ "$known" != yes ] || fail "wrong signature: none of this host's keys has signed the bundle"
	mkdir "$1/tree"
	mount -t squashfs -o loop,ro,nodev "$1/bundle.squashfs" "$1/tree" || fail "the bundle cannot be mounted"
}

# keep_new: gives what was received a number, and prints it.
keep_new() {
	number=$(($(cat "$store/last" 2>/dev/null || echo 0) + 1))
	echo $number >"$store/last"
	umount "$store/new/tree"
	mv "$store/new" "$store/$number"
	mount -t squashfs -o loop,ro,nodev "$store/$number/bundle.squashfs" "$store/$number/tree"
	echo $number
}

# forget_old PREVIOUS CURRENT: only these two stay.
forget_old() {
	echo "$1" >"$store/previous"
	for one in "$store"/*/tree; do
		number=${one%/tree} number=${number##*/}
		case $number in
			0 | "$1" | "$2") continue ;;
		esac
		drop "$number"
	done
}

# hash_of NUMBER: the first digits, for people.
hash_of() {
	if [ -f "$store/$1/bundle.json" ]; then
		sed -n 's/^\t"sha256": "\([0-9a-f]\{12\}\).*/\1/p' "$store/$1/bundle.json"
	elif parameter dock0.extrahash; then
		echo "$value" | cut -c 1-12
	else
		echo "booted"
	fi
}

# keep_over_reboots NUMBER: writes the bundle to the partition that is not in use, then turns the switch
# (docs/disk.md). A power cut leaves the old one or the new.
keep_over_reboots() {
	if ! parameter dock0.slot; then
		say "kept until the next boot: this machine was not started from a dock0 disk"
		return 0
	fi
	find_disk
	in_use=$(env_get dock0_bundle)
	if [ "$1" = 0 ]; then
		# What was booted lies in the partition that this boot's parameter names.
		parameter dock0.extra || value=''
		other=''
		for letter in a b; do
			device=$(partition "dock0-bundle-$letter") || continue
			partition_facts "$disk/${device##*/}"
			[ "PARTUUID=$uuid" != "$value" ] || other=$letter
		done
		parameter dock0.extrahash || value=','
		lock 60
		env_set "dock0_bundle=$other" "dock0_bundle_hash=${value%,*}" "dock0_bundle_size=${value#*,}"
		return 0
	fi
	if [ "$in_use" = a ]; then other=b; else other=a; fi
	device=$(partition "dock0-bundle-$other") || fail "no partition dock0-bundle-$other"
	file=$store/$1/bundle.squashfs
	bytes=$(stat -c %s "$file")
	[ "$bytes" -le "$(partition_bytes "$device")" ] ||
		fail "the bundle takes $bytes bytes, and its partition has less: it is in force until the next boot"
	lock 60
	dd if="$file" of="$device" bs=1M conv=notrunc,fsync status=none || fail "cannot write to $device"
	sum=$(sha256sum <"$file")
	echo 3 >"$proc/sys/vm/drop_caches"
	[ "$(head -c "$bytes" "$device" | sha256sum)" = "$sum" ] || fail "$device does not keep what is written to it"
	env_set "dock0_bundle=$other" "dock0_bundle_hash=${sum%% *}" "dock0_bundle_size=$bytes"
	say "written to partition dock0-bundle-$other"
}

status() {
	echo "hostname=$(cat "$proc/sys/kernel/hostname")"
	read -r up _ <"$proc/uptime"
	echo "uptime=${up%.*}"
	echo "bundle=$(hash_of "$(current)")"
	[ ! -s "$store/previous" ] || echo "previous=$(hash_of "$(cat "$store/previous")")"
	echo "pending=$([ ! -e "$store/pending" ] || echo yes)"
	if parameter dock0.slot; then echo "slot=$value"; fi
	echo "kernel=$(uname -r)"
	echo "failed=$(init_failed)"
	for folder in /etc/dock0/containers/*; do
		[ -d "$folder" ] || continue
		name=${folder##*/}
		echo "container.$name=$(init_state "dock0-container-$name") $(
			docker inspect --format '{{.State.Status}} {{.Config.Image}}' "UP_$name" 2>/dev/null
		)"
	done
}
