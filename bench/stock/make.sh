#!/bin/sh
# The stock way: mmdebstrap's tree as an ext4 image, with the kernel and initrd that its packages made.
# make.sh OUT ARCHIVES OVERLAY UNITS SOURCES SUITE PACKAGES [mmdebstrap options]; runs as root of a namespace.
set -eu
out=$1 archives=$2 overlay=$3 units=$4 sources=$5 suite=$6 packages=$7
shift 7
export BENCH_ARCHIVES="$archives" BENCH_OVERLAY="$overlay" BENCH_UNITS="$units"
# shellcheck disable=SC2016 # mmdebstrap's shell sets $1
mmdebstrap --mode=root --variant=apt --include="$packages" --skip=download/empty,essential/unlink \
	--setup-hook='mkdir -p "$1/var/cache/apt/archives"; cp -l "$BENCH_ARCHIVES"/*.deb "$1/var/cache/apt/archives/" 2>/dev/null || true' \
	--customize-hook='cp -ln "$1"/var/cache/apt/archives/*.deb "$BENCH_ARCHIVES/"' \
	--customize-hook='cp -R "$BENCH_OVERLAY/." "$BENCH_UNITS/." "$1/"' \
	--customize-hook='printf "[Match]\nName=e*\n[Network]\nDHCP=yes\n" >"$1/etc/systemd/network/80-dhcp.network"' \
	--customize-hook='chroot "$1" systemctl --quiet enable systemd-networkd systemd-resolved' \
	"$@" "$suite" "$out/tree" "$sources"
cp -L "$out/tree/vmlinuz" "$out/vmlinuz"
cp -L "$out/tree/initrd.img" "$out/initrd.img"
du -s --block-size=1 "$out/tree" | cut -f1 >"$out/used"
mke2fs -q -t ext4 -L root -d "$out/tree" "$out/root.img" 4G
