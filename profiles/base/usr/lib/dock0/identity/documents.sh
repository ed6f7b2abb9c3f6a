# shellcheck shell=sh disable=SC2154 # the parts share variables
# What the documents of cloud-init say; each is flattened first (yaml.awk).

# flatten FILE NAME: into $flat; false, with a message, when it is not understood.
flatten() {
	flat=$run/flat
	why=$(awk -f "$lib/identity/yaml.awk" "$1" 2>&1 >"$flat") && return
	say "$2 is left out: $why"
	return 1
}

# value KEY: of $flat; nothing when it is not there.
value() {
	awk -F '\t' -v key="$1" '$1 == key { found = $2 } END { print found }' "$flat"
}

# values PATTERN: of all keys that match.
values() {
	awk -F '\t' -v pattern="$1" '$1 ~ pattern { print $2 }' "$flat"
}

# The four facts; each checks what it is given, since who tells may be wrong.

# take_hostname TARGET NAME: a plain or full name (RFC 1123).
take_hostname() {
	[ -n "$2" ] || return 0
	name=$(echo "$2" | tr '[:upper:]' '[:lower:]')
	if [ ${#name} -gt 253 ] || ! echo "$name" |
		grep -qE '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$'; then
		say "no name for a host: $2"
	else
		echo "$name" >"$1/hostname"
	fi
}

# take_instance TARGET ID
take_instance() {
	[ -n "$2" ] || return 0
	case $2 in
		*[!A-Za-z0-9._:-]*) say "no number of an instance: $2" ;;
		*) echo "$2" >"$1/instance-id" ;;
	esac
}

# take_keys TARGET: adds the public keys of standard input, one a line as in id_ed25519.pub.
take_keys() {
	while IFS= read -r key; do
		case $key in
			'' | '#'*) continue ;;
		esac
		if echo "$key" | grep -qE '^(ssh-|ecdsa-|sk-)[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+=*( .*)?$'; then
			echo "$key" >>"$1/keys"
		else
			say "no public key: $(echo "$key" | cut -c 1-40)"
		fi
	done
}

# take_network TARGET FILE: network-config.
take_network() {
	flatten "$2" network-config || return 0
	sed -i 's/^network\.//' "$flat"
	[ "$(value config)" != disabled ] || return 0
	mkdir -p "$1/network"
	why=$(awk -v folder="$1/network" -f "$lib/identity/network.awk" "$flat" 2>&1) && return
	rm -rf "$1/network"
	say "network-config is left out: $why"
}

# take_meta_data TARGET FILE
take_meta_data() {
	flatten "$2" meta-data || return 0
	take_instance "$1" "$(value instance-id)"
	take_hostname "$1" "$(value local-hostname)"
	values '^public-keys(\..*)?$' | take_keys "$1"
}

# take_user_data TARGET FILE: a #cloud-config; of its keys those that say who the host is.
take_user_data() {
	IFS= read -r first <"$2" || :
	case ${first:-} in
		'#cloud-config'*) ;;
		'') return 0 ;;
		*)
			say "user-data is left out: it is no #cloud-config"
			return
			;;
	esac
	flatten "$2" user-data || return 0
	name=$(value fqdn)
	take_hostname "$1" "${name:-$(value hostname)}"
	values '^ssh_authorized_keys(\.[0-9]+)?$' | take_keys "$1"
}
