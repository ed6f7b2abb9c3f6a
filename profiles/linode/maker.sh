#!/bin/sh
# Runs once on a stock distribution, as a StackScript of dock0 deploy: fetches a disk image, writes it to the
# second disk, checks what was written, and switches the machine off. What does not check is made unbootable.
#
# <UDF name="url" label="Address of the gzipped disk image" />
# <UDF name="bytes" label="Size of the disk inside, in bytes" />
# <UDF name="sha256" label="SHA-256 of the disk inside" />
# <UDF name="target" label="Disk to write" default="/dev/sdb" />
# <UDF name="manifest" label="The image's manifest, base64" default="" />
# <UDF name="signature" label="Ed25519 signature of the manifest, base64" default="" />
# <UDF name="key" label="Public key (PEM) that must have made it, base64" default="" />
url=${URL:-${url:-}}
bytes=${BYTES:-${bytes:-}}
sha256=${SHA256:-${sha256:-}}
target=${TARGET:-${target:-/dev/sdb}}
manifest=${MANIFEST:-${manifest:-}}
signature=${SIGNATURE:-${signature:-}}
key=${KEY:-${key:-}}
# only the test of this script says other places
console=${DOCK0_CONSOLE:-/dev/console}
caches=${DOCK0_CACHES:-/proc/sys/vm/drop_caches}

say() { echo "dock0 maker: $*" >> "$console"; }

finish() {
	say "$1"
	sync
	poweroff -f
	exit
}

spoil() {
	dd if=/dev/zero of="$target" bs=1048576 count=4 conv=notrunc 2> /dev/null
	finish "$1"
}

fetch() {
	if command -v curl > /dev/null; then
		curl --fail --silent --show-error --location --retry 5 "$url"
	else
		wget -q -O - "$url"
	fi
}

# The manifest must be signed by the key, and be about the disk that is asked for.
check_signature() {
	command -v openssl > /dev/null || spoil "there is no openssl to check the signature with"
	work=$(mktemp -d)
	echo "$manifest" | base64 -d > "$work/manifest"
	echo "$signature" | base64 -d > "$work/signature"
	echo "$key" | base64 -d > "$work/key.pem"
	openssl pkeyutl -verify -pubin -inkey "$work/key.pem" -rawin -in "$work/manifest" \
		-sigfile "$work/signature" > /dev/null 2>&1 ||
		spoil "the signature of the image is wrong"
	[ "$(sed -n 's/^[[:space:]]*"diskSha256": "\([0-9a-f]*\)".*/\1/p' "$work/manifest")" = "$sha256" ] ||
		spoil "the signed manifest is about another disk"
	say "the signature is right"
}

[ -z "$key" ] || check_signature
say "fetching $url"
fetch | gunzip | dd of="$target" bs=1048576 2> /dev/null
sync
# what is read is what is on the disk, and not what the machine remembers of it
echo 3 > "$caches"
found=$(head -c "$bytes" "$target" | sha256sum)
[ "${found%% *}" = "$sha256" ] || spoil "the disk is not what was promised: ${found%% *}"
finish "the disk is written and checked"
