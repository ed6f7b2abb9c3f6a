# shellcheck shell=sh disable=SC2154 # the parts share variables
# Puts the facts of all sources together, and makes the host follow them.

# merge: into $run. The later sources win; keys add up.
merge() {
	rm -rf "$run/hostname" "$run/instance-id" "$run/network" "$run/keys.all"
	: >"$run/keys.all"
	for source in $sources; do
		said=$state/sources/$source
		for fact in hostname instance-id; do
			[ ! -s "$said/$fact" ] || cp "$said/$fact" "$run/$fact"
		done
		[ ! -s "$said/keys" ] || cat "$said/keys" >>"$run/keys.all"
		[ ! -d "$said/network" ] || {
			rm -rf "$run/network"
			cp -R "$said/network" "$run/network"
		}
	done
	awk '!seen[$0]++' "$run/keys.all" >"$run/keys"
	rm -f "$run/keys.all" "$run/flat"
}

# apply STAGE
apply() {
	apply_user
	apply_keys
	apply_hostname
	apply_network "$1"
}

# A host without a bundle has nobody who could log in: the user is made as /usr/lib/dock0/users (which comes
# after this) makes those of a bundle.
apply_user() {
	[ ! -e "$etc/dock0/users" ] && [ -e "$lib/users" ] || return 0
	groups=''
	! grep -q '^docker:' "$etc/group" || groups=docker
	mkdir -p "$etc/dock0"
	(
		umask 077
		echo "$user:1000::/home/$user:/bin/bash:$groups:!*" >"$etc/dock0/.users"
	)
	mv "$etc/dock0/.users" "$etc/dock0/users"
	[ -d "$etc/sudoers.d" ] || return 0
	(
		umask 337
		echo "$user ALL=(ALL:ALL) NOPASSWD: ALL" >"$etc/sudoers.d/.dock0"
	)
	mv "$etc/sudoers.d/.dock0" "$etc/sudoers.d/dock0"
}

# Beside the bundle's own keys, not in their place.
apply_keys() {
	keys=$root/run/dock0/authorized_keys.d
	mkdir -p "$keys"
	cp "$run/keys" "$keys/.$user"
	mv "$keys/.$user" "$keys/$user"
	[ ! -s "$run/keys" ] || [ ! -f "$etc/dock0/users" ] || grep -q "^$user:" "$etc/dock0/users" ||
		say "the host has no user $user, for whom the ssh keys are"
}

apply_hostname() {
	[ -s "$run/hostname" ] || return 0
	read -r full <"$run/hostname"
	name=${full%%.*}
	# a bundle that names its host knows better
	[ ! -s "$etc/dock0/hostname" ] || return 0
	[ "$(cat "$etc/hostname" 2>/dev/null)" = "$name" ] && grep -q "^127\.0\.1\.1 $full" "$etc/hosts" 2>/dev/null && return
	# The domain of a bundle stays unless another is told.
	domain=$(sed -n 's/^127\.0\.1\.1 [^. ]*\.\([^ ]*\) .*/\1/p' "$etc/hosts" 2>/dev/null | head -n 1)
	[ "$full" != "$name" ] || full=$name${domain:+.$domain}
	names=$full
	[ "$full" = "$name" ] || names="$full $name"
	{
		grep -v '^127\.0\.1\.1 ' "$etc/hosts" 2>/dev/null || printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n'
		echo "127.0.1.1 $names"
	} >"$etc/.hosts.dock0"
	mv "$etc/.hosts.dock0" "$etc/hosts"
	echo "$name" >"$etc/.hostname.dock0"
	mv "$etc/.hostname.dock0" "$etc/hostname"
	echo "$name" >"$root/proc/sys/kernel/hostname"
}

# Files of networkd's: 20- comes after the bundle's own interfaces (10-) and before DHCP for all others (80-).
apply_network() {
	units=$root/run/systemd/network
	[ -d "$run/network" ] || [ -d "$units" ] || return 0
	mkdir -p "$units"
	before=$(cat "$units"/20-dock0-identity-* 2>/dev/null)
	rm -f "$units"/20-dock0-identity-*
	[ ! -d "$run/network" ] || cp "$run/network"/* "$units/"
	[ "$1" != local ] && [ "$before" != "$(cat "$units"/20-dock0-identity-* 2>/dev/null)" ] || return 0
	networkctl reload
}
