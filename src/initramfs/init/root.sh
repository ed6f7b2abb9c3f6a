# Puts the mounted images together as the new root.

mount_new_root() {
	note overlay "$overlay"
	load overlay
	if [ "$overlay" != off ]; then
		mkdir -p $run/overlay
		mount -t tmpfs -o mode=0700 tmpfs $run/overlay ||
			fail "dock0.overlay: cannot mount memory for it"
		# the root's own mode shows through the upper folder's
		mkdir $run/overlay/upper $run/overlay/work
		chmod "$(stat -c %a $run/root)" $run/overlay/upper
		mount -t overlay -o "lowerdir=$lowers,upperdir=$run/overlay/upper,workdir=$run/overlay/work" overlay $new ||
			fail "dock0.overlay: cannot mount the overlay of $lowers"
	elif [ "$lowers" = $run/root ]; then
		mount -o bind $run/root $new || fail "dock0.root: cannot mount it at $new"
	else
		mount -t overlay -o "ro,lowerdir=$lowers" overlay $new ||
			fail "dock0.extra: cannot mount the overlay of $lowers"
	fi
}
