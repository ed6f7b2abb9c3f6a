#!/bin/sh
# The first process: finds the root image, mounts it under a writable overlay and hands over to its init.
#
# Kernel parameters (no spaces in values):
#   dock0.root=SOURCE      the root image: squashfs, erofs or ext4, mounted read only. SOURCE is
#                          LABEL=x, UUID=x, PARTUUID=x, PARTLABEL=x or /dev/x, a device that holds the
#                          image; or one of these with :/path, an image file inside that volume, which
#                          stays mounted, read only, at /run/dock0/boot; or initrd:/path, a file that
#                          the boot loader put into memory by a second initramfs. When the image holds one
#                          single file that is an ext4 image, that one is the root.
#   dock0.verity=HASH,BLOCKS,SALT  the root image is BLOCKS blocks of 4096 bytes, followed by its
#                          dm-verity hash tree, whose root is HASH; what does not match is never read
#   dock0.extra=A,B        further images above the root, B above A: SOURCEs, or :/path on the
#                          volume of dock0.root; ?SOURCE is left out when there is no such device
#   dock0.extrahash=HASH,SIZE  SHA-256 of the first SIZE bytes of A; else A is left out
#   dock0.slot=a           the slot that this release lies in; noted
#   dock0.trial            this release is on trial: any failure reboots at once
#   dock0.failed=b         the slot whose trial failed before; noted
#   dock0.toram            copy all images to memory and let go of their devices
#   dock0.overlay=off      a plain read-only root, without the writable memory above it
#   dock0.state=SOURCE     a device (ext4, xfs, btrfs) for what survives reboots, or :/folder inside one;
#                          a file system is made on an empty device
#   dock0.state.init=WHAT  empty: that; force: also on one that holds something else; never
#   dock0.state.key=SOURCE:/path  the file with the key of an encrypted device
#   dock0.state.size=SIZE  without such a device: how much memory state may take (default 50%)
#   dock0.init=/path       the program to hand over to (default /sbin/init)
#   dock0.shell            stop in a shell before handing over; dock0.shell=early: before anything else
#   dock0.wait=SECONDS     how long to wait for each device
#   dock0.onfailure=WHAT   shell, reboot or poweroff
#   dock0.rebootafter=SECONDS  how long a failure's report stays before the reboot or power-off
#
# The new root finds its parts under /run/dock0: root (the image), boot (the volume), layers/N,
# state, and boot-info (facts, one key=value a line).
export PATH=/bin
umask 022

lib=/lib/dock0
new=/newroot
run=/run/dock0

# The build puts the parts in place of these lines.
. ./defaults.sh
. ./console.sh
. ./failure.sh
. ./parameters.sh
. ./modules.sh
. ./devices.sh
. ./verity.sh
. ./images.sh
. ./root.sh
. ./gpt.sh
. ./volume.sh
. ./state.sh
. ./handover.sh

trap 'fail "the init script ended unexpectedly (status $?)"' EXIT

mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev || fail "the kernel has no devtmpfs"
mount -t tmpfs -o nosuid,nodev,mode=0755 tmpfs /run || fail "the kernel has no tmpfs"
mkdir -p $run $new

find_consoles
read_parameters
started=$(uptime_now)
say "initramfs $version start $started"
note version "$version"
note start "$started"

[ "$shell" = early ] && open_shell "asked for by dock0.shell=early"
load_boot_modules
prepare_volume
mount_images
mount_new_root
mount_state
[ "$shell" = late ] && open_shell "asked for by dock0.shell; the new root is at $new"
hand_over "$@"
