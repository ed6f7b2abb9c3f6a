#!/bin/sh
echo "$DOCK0_PHASE" >"$DOCK0_ROOTFS/etc/e2e-executable"
