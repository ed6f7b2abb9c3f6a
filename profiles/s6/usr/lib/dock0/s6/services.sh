# shellcheck shell=sh
# Services as they run: copies of /etc/s6/services in memory, since s6 writes beside what it runs.
scan=/run/service

# add_service NAME [FROM]
add_service() {
	cp -RL "${2:-/etc/s6/services/$1}" "$scan/.new-$1" || return
	complete_service "$scan/.new-$1"
	mv "$scan/.new-$1" "$scan/$1"
}

# complete_service FOLDER: a service that is marked `logged` gets a log in memory (s6-log(8)).
complete_service() {
	# Without a limit one that ignores SIGTERM would keep the host from going down.
	[ -e "$1/timeout-kill" ] || echo 10000 >"$1/timeout-kill"
	if [ -e "$1/logged" ]; then
		mkdir "$1/log"
		ln -s /usr/lib/dock0/s6/log "$1/log/run"
	fi
}

# add_logins: a login on each serial line of /etc/dock0/serial-getty, or without that file on the kernel's console.
add_logins() {
	if [ -f /etc/dock0/serial-getty ]; then
		lines=$(cat /etc/dock0/serial-getty)
	else
		read -r lines </sys/class/tty/console/active
		lines=${lines##* }
	fi
	for line in $lines; do
		[ ! -c "/dev/$line" ] || add_service "getty-$line" /usr/lib/dock0/s6/getty
	done
}

# await SECONDS NAME...: until these services are up and ready (0: however long it takes); false when one is not in time.
await() {
	limit=$(($1 * 1000))
	shift
	for one; do
		shift
		set -- "$@" "$scan/$one"
	done
	s6-svwait -U -t $limit "$@" 2>/dev/null
}

# done_once: a task that is done stays as a process that does nothing, so that others can wait for it.
done_once() {
	echo >&3
	exec 3>&-
	exec sleep infinity
}

# lists FOLDER: of modules-load.d(5) or sysctl.d(5), sorted by name; of two with one name the later folder's counts.
lists() {
	for file in "/usr/lib/$1/"*.conf "/run/$1/"*.conf "/etc/$1/"*.conf; do
		[ ! -f "$file" ] || printf '%s %s\n' "${file##*/}" "$file"
	done | awk '{ files[$1] = $2 } END { for (name in files) print name, files[name] }' | sort | cut -d ' ' -f 2
}

load_listed() {
	for file in $(lists modules-load.d); do
		grep -v '^ *[#;]' "$file"
	done | xargs -r /sbin/modprobe -abq
}

set_sysctl() {
	for file in $(lists sysctl.d); do
		busybox sysctl -q -e -p "$file"
	done
}
