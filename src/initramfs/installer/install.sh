#!/bin/sh
# The first process of the installer: a running server's old system started us by kexec, with a disk image
# beside us in memory. Writes it to the disk that the plan means, and reboots from there. Until the first byte
# is written, whatever is wrong ends in a reboot into the old system. The plan is shell, in /install/plan:
#   id          of the deploy
#   disk        its identity (identity.sh)
#   bytes       how many bytes of the image are written: all, or as far as a partition that is kept
#   sha256      of these bytes
#   packed      of disk.img.gz
#   whole       yes: what is behind the image is cleared, so that nothing old is found there
#   port        where http://HOST:PORT/progress says how far we are: ID STATE PERCENT MESSAGE
#   link        the MAC address of the network card to use; addresses, routers: what it had
# When a partition is kept, /install has the table that knows where it ends: front, for the disk's first sectors,
# and back, for its last ones; it is written after the image. With a key in /install, that key must have signed /install/manifest.
export PATH=/bin
umask 022

lib=/lib/dock0
run=/run/dock0
here=/install
waitseconds=60

# The build puts the parts in place of these lines.
. ./console.sh
. ./modules.sh
. ./identity.sh
. ./progress.sh
. ./target.sh

trap 'refuse "the installer ended unexpectedly"' EXIT

mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev
mount -t tmpfs -o nosuid,nodev,mode=0755 tmpfs /run
mkdir -p $run/www
find_consoles
say "installer"
id='' disk='' bytes='' sha256='' packed='' whole='' port='' link='' addresses='' routers=''
# shellcheck source=/dev/null
. $here/plan || refuse "there is no plan"
load_boot_modules
bring_up_network
tell checking 0 "checking the image"
check_image
find_target
install_image
tell written 100 "the disk is written and checked; rebooting"
# long enough to be seen by who looks every second or two
sleep 15
restart
