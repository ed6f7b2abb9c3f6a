# shellcheck shell=sh disable=SC2034,SC2154 # the parts share variables
# Makes the running host follow its changed files.

# touched PATH...: whether a path that begins like this has changed. No process is started for it: it is
# asked two dozen times a push.
touched() {
	for beginning; do
		case $changed_paths in
			*"$tab$beginning"*) return 0 ;;
		esac
	done
	return 1
}
# names FOLDER: what below /etc/dock0/FOLDER has changed, by name.
names() {
	touched "etc/dock0/$1/" || return 0
	sed -n "s|^[a-z]*${tab}etc/dock0/$1/\([^/]*\)\(/.*\)\{0,1\}$|\1|p" "$work/changes" | sort -u
}
# stop_what_goes: while its files still say how.
stop_what_goes() {
	for name in $(names containers); do
		! grep -qxF "gone${tab}etc/dock0/containers/$name/run" "$work/changes" ||
			init_stop "dock0-container-$name" || :
	done
	for name in $(names compose); do
		! grep -qxF "gone${tab}etc/dock0/compose/$name/compose.yaml" "$work/changes" ||
			init_stop "dock0-compose-$name" || :
	done
}

# attempt WHAT COMMAND...: notes a failure and goes on, so that all of them are told.
attempt() {
	what=$1
	shift
	if "$@"; then
		say "applied: $what"
	else
		say "FAILED: $what"
		failures=yes
	fi
}

# act: false when something failed.
act() {
	failures=''
	! services_changed || attempt services init_read_services
	! touched etc/hostname || attempt hostname cp /etc/hostname "$proc/sys/kernel/hostname"
	! touched etc/hostname etc/hosts etc/dock0/hostname etc/dock0/users || [ ! -f "$lib/identity.conf" ] ||
		attempt "identity from outside" "$lib/identity/main" apply
	! touched etc/dock0/users || attempt users /usr/lib/dock0/users
	! touched etc/ssh/authorized_keys || say "applied: ssh keys"
	! touched etc/sudoers.d/ || attempt sudo visudo -cq
	! touched etc/dock0/firewall || attempt firewall /usr/lib/dock0/firewall
	! touched etc/modules-load.d/ || attempt "kernel modules" init_load_modules
	! touched etc/sysctl.d/ || attempt "kernel settings" init_set_sysctl
	! touched etc/dock0/swap || attempt swap swap
	! time_changed || attempt "time servers" init_try_restart "$init_time"
	! names_changed || attempt "name servers" init_follow_names
	! network_changed || attempt network init_follow_network
	! touched etc/ssh/sshd_config.d/ || attempt "ssh server" ssh_server
	! touched etc/docker/daemon.json || attempt Docker init_restart docker
	! touched usr/lib/dock0/images/ || attempt images init_restart dock0-images
	for name in $(names containers); do
		attempt "container $name" container "$name"
	done
	for name in $(names compose); do
		[ ! -f "/etc/dock0/compose/$name/compose.yaml" ] ||
			attempt "compose project $name" init_reload "dock0-compose-$name"
	done
	say_what_waits
	[ -z "$failures" ]
}

swap() {
	if [ -f /etc/dock0/swap ]; then
		init_restart dock0-swap
	else
		init_stop dock0-swap
	fi
}

ssh_server() { sshd -t && init_reload sshd; }

container() {
	if [ ! -f "/etc/dock0/containers/$1/run" ]; then
		rm -rf "/etc/dock0/containers/$1"
		/usr/lib/dock0/container stop "$1"
	elif init_active "dock0-container-$1"; then
		init_reload "dock0-container-$1" || {
			init_log "dock0-container-$1" | grep "container $1:" -A 20 | tail -n 20
			return 1
		}
	else
		init_start "dock0-container-$1"
	fi
}

# say_what_waits: what cannot be taken back in a running kernel.
say_what_waits() {
	! grep -q "^\(gone\|changed\)${tab}etc/\(sysctl\|modules-load\).d/" "$work/changes" ||
		say "needs a reboot: kernel settings and modules that are gone from the bundle keep what they are until then"
	! logins_changed || say "needs a reboot: serial logins"
}
