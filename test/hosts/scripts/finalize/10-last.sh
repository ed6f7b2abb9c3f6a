#!/bin/sh
[ ! -e "$DOCK0_ROOTFS/usr/share/man/man1" ] || echo "man pages are still there" >"$DOCK0_ROOTFS/etc/e2e-finalize"
[ -e "$DOCK0_ROOTFS/etc/e2e-finalize" ] || echo "trimmed before" >"$DOCK0_ROOTFS/etc/e2e-finalize"
