# Text on every console, a shell on the preferred one.

consoles=console
preferred=console

# Sets the list of console devices; the last is the one that /dev/console means
# (Documentation/ABI/testing/sysfs-tty).
find_consoles() {
	read -r consoles < /sys/class/tty/console/active || consoles=console
	[ -n "$consoles" ] || consoles=console
	preferred=${consoles##* }
	# tty0 means "the terminal in front" and cannot control a session
	[ "$preferred" = tty0 ] && preferred=tty1
	[ -c "/dev/$preferred" ] || preferred=console
}

# Copies standard input to every console; a dead one must not stop us.
show() {
	text=$(cat)
	for console in $consoles; do
		printf '%s\n' "$text" > "/dev/$console"
	done 2> /dev/null
}

say() {
	echo "dock0: $*" | show
}

# Seconds since the kernel started, as 12.34 and as 12.
uptime_now() {
	read -r now _ < /proc/uptime
	echo "$now"
}

seconds_now() {
	read -r now _ < /proc/uptime
	echo "${now%%.*}"
}

# A short wait between two looks at the same thing; not every busybox sleeps fractions.
pause() {
	sleep 0.05 2> /dev/null || usleep 50000 2> /dev/null || sleep 1
}

# Records a fact for the running system.
note() {
	echo "$1=$2" >> $run/boot-info
}

# open_shell WHY: an interactive shell with job control; returns when it is left.
open_shell() {
	say "shell: $1; 'exit' goes on"
	setsid sh -c "exec sh -i < /dev/$preferred > /dev/$preferred 2>&1"
}
