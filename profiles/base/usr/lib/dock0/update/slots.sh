# shellcheck shell=sh disable=SC2034,SC2154 # the parts share variables
# What dock0-boot holds: GRUB's environment block and a header for each slot (docs/disk.md).

# env_lines: the variables, all in the first sector of GRUB's block, which begins at byte 512; one NAME=VALUE a line.
env_lines() {
	dd if="$boot" bs=512 skip=1 count=1 status=none | grep -a '^[a-z_0-9]*='
}

# env_get NAME
env_get() {
	env_lines | sed -n "s/^$1=//p"
}

# env_set NAME=VALUE...: all at once, since it is one sector.
env_set() {
	{
		echo '# GRUB Environment Block'
		env_lines | while IFS= read -r entry; do
			for change; do
				[ "${entry%%=*}" != "${change%%=*}" ] || continue 2
			done
			printf '%s\n' "$entry"
		done
		printf '%s\n' "$@"
	} >"$work/env"
	bytes=$(wc -c <"$work/env")
	[ "$bytes" -le 512 ] || fail "GRUB's variables do not fit into one sector"
	head -c $((512 - bytes)) /dev/zero | tr '\0' '#' >>"$work/env"
	write_sectors "$work/env" "$boot" 1 1 || fail "cannot write to $boot"
	dd if="$boot" bs=512 skip=1 count=1 status=none | cmp -s - "$work/env" ||
		fail "$boot does not keep what is written to it"
}

# slots: the letters of all slots of the disk.
slots() {
	sed -n 's/^PARTNAME=dock0-slot-\([a-z]\)$/\1/p' "$disk"/*/uevent | sort
}

# number SLOT: 1 for a, 2 for b
number() {
	echo $(($(printf '%d' "'$1") - 96))
}

# header SLOT: its lines; nothing when the slot is empty.
header() {
	dd if="$boot" bs=4096 skip=$(($(number "$1") * 16)) count=1 status=none |
		tr -d '\0' | sed '/^$/d' >"$work/header.$1"
	[ "$(tail -n 1 "$work/header.$1")" != "set dock0_end='ok'" ] ||
		cat "$work/header.$1"
}

# header_get SLOT NAME
header_get() {
	header "$1" | sed -n "s/^set dock0_$2='\(.*\)'$/\1/p"
}

# header_write SLOT: from standard input; with nothing, the slot is empty from then on.
header_write() {
	cat >"$work/new-header"
	bytes=$(wc -c <"$work/new-header")
	[ "$bytes" -le 4096 ] || fail "the slot's header does not fit: the kernel parameters are too long"
	head -c $((4096 - bytes)) /dev/zero | tr '\0' '\n' >>"$work/new-header"
	write_sectors "$work/new-header" "$boot" $(($(number "$1") * 128)) 8 ||
		fail "cannot write to $boot"
}

# choose_target: sets target to a slot that is neither running nor the one to fall back to.
choose_target() {
	good=$(env_get dock0_good)
	for target in $(slots); do
		[ "$target" = "$running" ] || [ "$target" = "$good" ] || return 0
	done
	if [ "$running" != "$good" ]; then
		fail "slot $running is not confirmed yet, and slot $good is what to fall back to; first: dock0-update confirm"
	fi
	fail "the disk has no second slot"
}

# try_slot SLOT: it is booted next, on trial.
try_slot() {
	env_set "dock0_try=$1" "dock0_tries=$tries" dock0_failed=
}
