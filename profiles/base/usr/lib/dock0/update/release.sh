# shellcheck shell=sh disable=SC2034,SC2154 # the parts share variables
# A release at its source: fetching it, and what its signed manifest says.

# set_source TEXT: a folder, a file:// or an http(s):// URL, or oci://HOST/REPOSITORY:TAG in a registry.
set_source() {
	source=${1%/} repository='' token=''
	case $source in
		http://* | https://*) set_getter ;;
		oci://* | oci+http://*)
			set_getter
			set_repository
			;;
		file://*)
			source=${source#file://}
			getter='cat'
			;;
		*) getter='cat' ;;
	esac
}

set_getter() {
	if command -v curl >/dev/null; then
		getter='curl -fsSL --connect-timeout 30 --speed-limit 100 --speed-time 60'
	elif command -v wget >/dev/null; then
		getter='wget -q -T 60 -O -'
	elif command -v busybox >/dev/null; then
		getter='busybox wget -q -T 60 -O -'
	else
		fail "neither curl nor wget nor busybox is installed; give a folder instead"
	fi
}

# set_repository: where the registry keeps the files of the release by their hashes ($work/blobs: HASH NAME
# lines), as its protocol has it (distribution-spec v1.1, "Pulling manifests").
set_repository() {
	tag=latest
	place=${source#oci*://}
	case ${place##*/} in
		*:*) tag=${place##*:} place=${place%:*} ;;
	esac
	case $source in
		oci://*) repository=https://${place%%/*}/v2/${place#*/} ;;
		*) repository=http://${place%%/*}/v2/${place#*/} ;;
	esac
	# what is said of it holds no password
	source=${source%%://*}://${place#*@}:$tag
	manifest=application/vnd.oci.image.manifest.v1+json
	(
		ulimit -f 2048
		ask_registry "$repository/manifests/$tag" --header "Accept: $manifest"
	) >"$work/layers" 2>"$work/fetch-error" || {
		get_token
		(
			ulimit -f 2048
			ask_registry "$repository/manifests/$tag" --header "Accept: $manifest"
		) >"$work/layers" 2>"$work/fetch-error"
	} || fail "cannot fetch the release of $source: $(tail -n 1 "$work/fetch-error")"
	# a layer's hash stands before its annotations, of which one is the file's name
	tr -d ' \n\t' <"$work/layers" | tr '{},' '[\n*]' | awk -F'"' '
		$2 == "digest" { hash = $4 }
		$2 == "org.opencontainers.image.title" { print hash, $4 }
	' >"$work/blobs"
}

# ask_registry URL [OPTION...]
ask_registry() {
	asked=$1
	shift
	$getter "$@" ${token:+--header "Authorization: Bearer $token"} "$asked"
}

# get_token: where a registry wants one, even of those who may read without a login, its challenge says where to
# get it. Only curl shows us that.
get_token() {
	case $getter in
		curl*) ;;
		*) return 0 ;;
	esac
	curl -sSI --connect-timeout 30 "$repository/manifests/$tag" 2>/dev/null | tr -d '\r' |
		sed -n 's/^[Ww][Ww][Ww]-[Aa]uthenticate: *[Bb]earer *//p' | tr ',' '\n' >"$work/challenge"
	realm=$(challenged realm)
	case $realm in
		http://* | https://*) ;;
		*) return 0 ;;
	esac
	token=$(curl -fsSL --connect-timeout 30 -G --data-urlencode "service=$(challenged service)" \
		--data-urlencode "scope=$(challenged scope)" "$realm" 2>/dev/null |
		tr ',{}' '[\n*]' | sed -n 's/^ *"\(access_\)\{0,1\}token" *: *"\([^"]*\)".*/\2/p' | head -n 1)
}

# challenged NAME
challenged() {
	sed -n "s/^ *$1=\"\([^\"]*\)\".*/\1/p" "$work/challenge"
}

# fetch NAME: that file of the release on standard output. Whoever sends it is not trusted.
fetch() {
	if [ -z "$repository" ]; then
		$getter "$source/$1"
		return
	fi
	blob=$(awk -v name="$1" '$2 == name { print $1; exit }' "$work/blobs")
	[ -n "$blob" ] || {
		echo "the release in the registry has no $1" >&2
		return 1
	}
	ask_registry "$repository/blobs/$blob"
}

# fetch_manifest: puts manifest.json into $work if one of our keys has signed it. Its size is limited (blocks of 512 bytes).
fetch_manifest() {
	for file in manifest.json manifest.sig; do
		(
			ulimit -f 65536
			fetch $file
		) >"$work/$file" 2>"$work/fetch-error" ||
			fail "cannot fetch $source/$file: $(tail -n 1 "$work/fetch-error")"
	done
	command -v openssl >/dev/null || fail "openssl is not installed, so no signature can be checked"
	known=''
	for key in "$lib/keys.d/"*.pem; do
		[ -f "$key" ] || continue
		known=yes
		if openssl pkeyutl -verify -pubin -inkey "$key" -rawin -in "$work/manifest.json" \
			-sigfile "$work/manifest.sig" >/dev/null 2>&1; then
			key=${key##*/}
			say "signed by key ${key%.pem}"
			return 0
		fi
	done
	[ -n "$known" ] || fail "this host trusts no key ($lib/keys.d is empty): set release.sign or release.trust and reinstall it"
	fail "wrong signature: none of the keys of $lib/keys.d has signed $source/manifest.json"
}

# read_manifest: sets new_name, new_version, new_id, root_file, new_cmdline, and files (NAME BYTES SHA256 lines).
# The form is that of JSON.stringify with tabs, which the signature vouches for.
read_manifest() {
	awk -F'"' '
		/^\t"format": / { gsub(/[^0-9]/, "", $3); print "format", $3 }
		/^\t"name": / { print "name", $4 }
		/^\t"version": / { print "version", $4 }
		/^\t"[A-Za-z]+": [{[]$/ { section = $2 }
		/^\t[]}],?$/ { section = "" }
		section == "root" && /^\t\t"file": / { print "root", $4 }
		section == "kernel" && /^\t\t"cmdline": \[$/ { list = 1; next }
		/^\t\t[]],?$/ { list = 0 }
		list { print "cmdline", /\\/ ? "\\" : $2 }
		section == "files" && /^\t\t"[^"]*": [{]$/ { file = $2 }
		section == "files" && /^\t\t\t"bytes": / { bytes = $3; gsub(/[^0-9]/, "", bytes) }
		section == "files" && /^\t\t\t"sha256": / { sum = $4 }
		section == "files" && /^\t\t[}],?$/ { print "file", file, bytes, sum }
	' "$work/manifest.json" >"$work/facts"
	[ "$(fact format)" = 1 ] || fail "the release is of a format that this host does not know"
	new_name=$(fact name) new_version=$(fact version) root_file=$(fact root)
	new_cmdline=$(fact cmdline | tr '\n' ' ')
	new_cmdline=${new_cmdline% }
	new_id=$(sha256sum <"$work/manifest.json")
	new_id=${new_id%% *}
	case $new_name$new_version$root_file$new_cmdline in
		*[\'\\]*) fail "the manifest holds quotes or backslashes, which a slot's header cannot" ;;
	esac
	for file in "$root_file" vmlinuz initramfs; do
		file_facts "$file"
		case $file_bytes in
			'' | *[!0-9]*) fail "the manifest does not say how large '$file' is" ;;
		esac
	done
}

# fact KIND
fact() {
	sed -n "s/^$1 //p" "$work/facts"
}

# file_facts NAME: sets file_bytes and file_sum.
file_facts() {
	file_bytes=$(awk -v name="$1" '$1 == "file" && $2 == name { print $3 }' "$work/facts")
	file_sum=$(awk -v name="$1" '$1 == "file" && $2 == name { print $4 }' "$work/facts")
}

# check_version ALLOW_DOWNGRADE ALLOW_NAME: against the running release.
check_version() {
	old_name=$(header_get "$running" name)
	old_version=$(header_get "$running" version)
	[ -n "$2" ] || [ -z "$old_name" ] || [ "$new_name" = "$old_name" ] ||
		fail "the release is for '$new_name', this host is '$old_name' (--allow-other-name takes it all the same)"
	[ -z "$1" ] || return 0
	lowest=$(printf '%s\n' "$old_version" "$new_version" | sort -V | head -n 1)
	[ "$old_version" = "$new_version" ] || [ "$lowest" = "$old_version" ] ||
		fail "version $new_version is older than the running $old_version (--allow-downgrade takes it all the same)"
}
