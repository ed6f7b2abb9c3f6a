# shellcheck shell=sh disable=SC2034,SC2154 # the parts share variables
# Makes the running host follow its changed files.

touched() { grep -q "$tab$1" "$work/changes"; }
# names FOLDER: what below /etc/dock0/FOLDER has changed, by name.
names() { sed -n "s|^[a-z]*${tab}etc/dock0/$1/\([^/]*\)\(/.*\)\{0,1\}$|\1|p" "$work/changes" | sort -u; }
container_unit() { echo "dock0-container-$(systemd-escape "$1").service"; }
compose_unit() { echo "dock0-compose-$(systemd-escape "$1").service"; }

# stop_what_goes: while its files still say how.
stop_what_goes() {
	for name in $(names containers); do
		! grep -qxF "gone${tab}etc/dock0/containers/$name/run" "$work/changes" ||
			systemctl stop "$(container_unit "$name")" || :
	done
	for name in $(names compose); do
		! grep -qxF "gone${tab}etc/dock0/compose/$name/compose.yaml" "$work/changes" ||
			systemctl stop "$(compose_unit "$name")" || :
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
	! touched etc/systemd/system/ || attempt units systemctl daemon-reload
	! touched etc/hostname || attempt hostname cp /etc/hostname "$proc/sys/kernel/hostname"
	! touched "etc/\(hostname\|hosts\|dock0/hostname\|dock0/users\)" || [ ! -f "$lib/identity.conf" ] ||
		attempt "identity from outside" "$lib/identity/main" apply
	! touched etc/dock0/users || attempt users /usr/lib/dock0/users
	! touched etc/ssh/authorized_keys || say "applied: ssh keys"
	! touched etc/sudoers.d/ || attempt sudo visudo -cq
	! touched etc/dock0/firewall || attempt firewall systemctl reload-or-restart dock0-firewall.service
	! touched etc/modules-load.d/ || attempt "kernel modules" systemctl restart systemd-modules-load.service
	! touched etc/sysctl.d/ || attempt "kernel settings" systemctl restart systemd-sysctl.service
	! touched etc/dock0/swap || attempt swap swap
	! touched etc/systemd/timesyncd || attempt "time servers" systemctl try-restart systemd-timesyncd.service
	! touched etc/systemd/resolved || attempt "name servers" systemctl try-restart systemd-resolved.service
	! touched etc/systemd/network/ || attempt network network
	! touched etc/ssh/sshd_config.d/ || attempt "ssh server" ssh_server
	! touched etc/docker/daemon.json || attempt Docker systemctl restart docker.service
	! touched usr/lib/dock0/images/ || attempt images systemctl restart dock0-images.service
	for name in $(names containers); do
		attempt "container $name" container "$name"
	done
	for name in $(names compose); do
		[ ! -f "/etc/dock0/compose/$name/compose.yaml" ] ||
			attempt "compose project $name" systemctl reload-or-restart "$(compose_unit "$name")"
	done
	say_what_waits
	[ -z "$failures" ]
}

swap() {
	if [ -f /etc/dock0/swap ]; then
		systemctl restart dock0-swap.service
	else
		systemctl stop dock0-swap.service
	fi
}

ssh_server() { sshd -t && systemctl reload-or-restart ssh.service; }

network() {
	# Devices that nobody describes any more: VLANs and bridges.
	sed -n "s|^gone${tab}etc/systemd/network/10-dock0-\(.*\).netdev$|\1|p" "$work/changes" |
		while IFS= read -r device; do ip link delete "$device" || :; done
	networkctl reload || return 1
	# A reload alone leaves addresses that are gone from a file where they are.
	for device in "$sys"/class/net/*; do
		device=${device##*/}
		! touched "etc/systemd/network/10-dock0-$device.network" || networkctl reconfigure "$device" || return 1
	done
}

container() {
	unit=$(container_unit "$1")
	if [ ! -f "/etc/dock0/containers/$1/run" ]; then
		rm -rf "/etc/dock0/containers/$1"
		/usr/lib/dock0/container stop "$1"
	elif systemctl is-active --quiet "$unit"; then
		systemctl reload "$unit" || {
			journalctl --quiet --no-pager --lines 30 --output cat --unit "$unit" | grep "^container $1:" -A 20 | tail -n 20
			return 1
		}
	else
		systemctl reset-failed "$unit" 2>/dev/null || :
		systemctl start "$unit"
	fi
}

# say_what_waits: what cannot be taken back in a running kernel.
say_what_waits() {
	! grep -q "^\(gone\|changed\)${tab}etc/\(sysctl\|modules-load\).d/" "$work/changes" ||
		say "needs a reboot: kernel settings and modules that are gone from the bundle keep what they are until then"
	! touched etc/systemd/system/serial-getty || say "needs a reboot: serial logins"
	! touched etc/systemd/system/getty.target.wants || say "needs a reboot: serial logins"
}
