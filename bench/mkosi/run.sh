#!/bin/sh
# Runs a command in a tree that has mkosi, with WORK as its /work: run.sh TREE WORK COMMAND… Needs root.
set -eu
if [ "${1:-}" = --inside ]; then
	tree=$2 work=$3
	shift 3
	mount --make-rprivate /
	mount --bind "$tree" "$tree"
	mkdir -p "$tree/work" "$tree/mnt"
	mount -t proc proc "$tree/proc"
	mount --rbind /dev "$tree/dev"
	mount --rbind /sys "$tree/sys"
	mount -t tmpfs tmpfs "$tree/run"
	mount --bind "$work" "$tree/work"
	cd "$tree"
	# mkosi's sandbox makes user namespaces and roots of its own, which the kernel forbids in a chroot.
	pivot_root . mnt
	exec chroot . sh -c 'umount -l /mnt; cd /work/config; exec "$@"' sh "$@"
fi
exec unshare --mount --pid --fork --kill-child=KILL -- sh "$0" --inside "$@"
