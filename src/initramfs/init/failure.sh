# What happens when the root cannot be mounted.

# fail MESSAGE: reports and never returns. Not for use inside $(...).
fail() {
	trap - EXIT
	{
		echo "dock0: FAILED: $1"
		echo "dock0: kernel command line: $(cat /proc/cmdline)"
		echo "dock0: block devices:"
		list_devices
		echo "dock0: last lines of the kernel:"
		dmesg | tail -n 15
	} 2>&1 | show
	sync
	if [ -n "$trial" ]; then
		say "slot $slot is on trial: reboot now, so that the boot loader can go back"
		onfailure=reboot
	fi
	case $onfailure in
		shell) open_shell "after the failure above, then reboot" ;;
		*) [ -n "$trial" ] || count_down "$onfailure" ;;
	esac
	[ "$onfailure" = poweroff ] && poweroff -f
	reboot -f
	# only reached when the kernel refuses: ask it in another way (Documentation/admin-guide/sysrq.rst)
	echo b > /proc/sysrq-trigger
	while :; do sleep 60; done
}

# count_down ACTION: waits `rebootafter` seconds; a key ends the wait and opens a shell.
count_down() {
	say "$1 in $rebootafter s; press a key on $preferred for a shell"
	until=$(($(seconds_now) + rebootafter))
	saved=$(stty -g < "/dev/$preferred")
	stty -icanon -echo min 0 time 5 < "/dev/$preferred"
	pressed=
	while [ -z "$pressed" ] && [ "$(seconds_now)" -lt "$until" ]; do
		pressed=$(dd bs=1 count=1 2> /dev/null < "/dev/$preferred" | hexdump -e '/1 "%02x"')
		# a console without input answers at once
		[ -n "$pressed" ] || pause
	done
	stty "$saved" < "/dev/$preferred"
	[ -z "$pressed" ] || open_shell "asked for by a key, then $1"
	say "$1 now"
}
