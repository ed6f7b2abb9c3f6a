#!/usr/bin/env bash
# Installs what this machine lacks: Debian packages, npm packages, the bundle. A second run installs nothing.
#   setup.sh       what dock0 itself needs
#   setup.sh test  and what its tests need
set -euo pipefail
cd "$(dirname "$0")/.."

run_packages=(
	mmdebstrap debian-archive-keyring uidmap squashfs-tools erofs-utils e2fsprogs kmod zstd xz-utils # building a Debian root
	pacman-package-manager makepkg archlinux-keyring libarchive-tools gpg gpg-agent # building an Arch root
	grub-common grub-pc-bin grub-efi-amd64-bin fdisk dosfstools mtools qemu-utils xorriso # disk images
	qemu-system-x86 seabios ovmf # starting the result
	openssh-client # reaching a running host
)
test_packages=(
	shellcheck cpio busybox-static # independent readers and judges
	gdisk sbsigntool ipxe-qemu skopeo # judges of disk images
	gcc make flex bison bc libelf-dev perl patch git # compiling a kernel
	docker-registry # a shared cache
	iproute2 nmap # a host in namespaces, looked at from outside
	cryptsetup-bin # veritysetup, the judge of hash trees
	xfsprogs btrfs-progs # the other file systems of a state volume
	swtpm # a TPM for virtual machines
	openssl sqlite3 # checks signatures as a host does; a database that must survive power cuts
	chromium # looking at reports
	zsh fish mandoc man-db # completions and the manual page
	arch-install-scripts procps # the Arch test repository is proven with pacstrap itself
)
packages=("${run_packages[@]}")
[ "${1:-}" = test ] && packages+=("${test_packages[@]}")

say() { printf '%s\n' "setup: $*" >&2; }

major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
if [ "$major" -lt 20 ]; then
	say "Node.js 20 or newer is needed, found: $(node --version 2>/dev/null || echo none)"
	exit 2
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	say "this is not a Debian system, so nothing was installed. dock0 needs the programs of these"
	say "Debian packages; install what your distribution calls them: ${packages[*]}"
	say "then run: npm install && npm run build"
	exit 2
fi

missing=()
for package in "${packages[@]}"; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
	as_root=()
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || {
			say "as root, please run: apt-get install ${missing[*]}"
			exit 2
		}
		as_root=(sudo)
	fi
	say "installing ${missing[*]}"
	"${as_root[@]}" apt-get update -qq
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

if ! cmp -s package-lock.json node_modules/.dock0-lock 2>/dev/null; then
	say "installing npm packages"
	# Not `npm ci`: it refuses a lock file that lacks other platforms' optional binaries, and a mirror may
	# not have them. This installs the locked versions all the same and leaves the lock file alone.
	npm install --no-save --no-audit --no-fund >&2
	cp package-lock.json node_modules/.dock0-lock
fi

newest=$(find src scripts/bundle.js package.json -newer dist/cli.js -print -quit 2>/dev/null || true)
if [ ! -f dist/cli.js ] || [ -n "$newest" ]; then
	node scripts/bundle.js
fi
