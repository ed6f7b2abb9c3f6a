# shellcheck shell=sh disable=SC2034,SC2154 # what includes it sets and reads variables
# What the host's programs ask of systemd; a root with another init brings the same functions for that one.
# Services are called by their names without `.service`.

init_name() {
	case $1 in
		dock0-container-*) echo "dock0-container-$(systemd-escape "${1#dock0-container-}").service" ;;
		dock0-compose-*) echo "dock0-compose-$(systemd-escape "${1#dock0-compose-}").service" ;;
		sshd) echo ssh.service ;;
		*) echo "$1.service" ;;
	esac
}
init_start() {
	systemctl reset-failed "$(init_name "$1")" 2>/dev/null || :
	systemctl start "$(init_name "$1")"
}
init_stop() { systemctl stop "$(init_name "$1")"; }
init_restart() { systemctl restart "$(init_name "$1")"; }
init_try_restart() { systemctl try-restart "$(init_name "$1")"; }
# init_reload NAME: lets it read its settings again, or restarts it.
init_reload() { systemctl reload-or-restart "$(init_name "$1")"; }
init_state() { systemctl is-active "$(init_name "$1")"; }
init_active() { systemctl is-active --quiet "$(init_name "$1")"; }
# init_log NAME: the last it said.
init_log() { journalctl --quiet --no-pager --lines 30 --output cat --unit "$(init_name "$1")"; }
# init_failed: what does not run as it should.
init_failed() { systemctl --failed --no-legend --plain | cut -d ' ' -f 1 | tr '\n' ' '; }

# init_detach NAME COMMAND...: runs it apart from whoever asks.
init_detach() {
	detached=$1
	shift
	systemd-run --quiet --collect --unit="$detached" "$@"
}
# init_later NAME SECONDS COMMAND...
init_later() {
	detached=$1 later=$2
	shift 2
	systemd-run --quiet --collect --unit="$detached" --on-active="$later" --timer-property=AccuracySec=100ms "$@"
}
# init_cancel NAME: what was detached, or waits to be run later.
init_cancel() { systemctl stop "$1.timer" "$1.service" 2>/dev/null || :; }

# init_is_ready: whether dock0-ready has said so; sets reason when not, and hopeless when it never will.
init_is_ready() {
	reason='' hopeless=''
	# In this order: what becomes ready between the two questions must not look like a start that has ended without it.
	system=$(systemctl is-system-running)
	ready=$(systemctl is-active dock0-ready.service)
	[ "$ready" != active ] || return 0
	# One that is started again and again is activating most of the time.
	without=$(systemctl list-units --state=failed,activating --plain --no-legend | awk '{ print $1 }' | tr '\n' ' ')
	reason="it is not ready: dock0-ready.service is $ready${without:+; failed or not started: $without}"
	case $system in
		running | degraded) hopeless=yes ;;
	esac
	return 1
}

# What a changed bundle means for systemd (bundle/act.sh).
init_time=systemd-timesyncd
services_changed() { touched etc/systemd/system/; }
time_changed() { touched etc/systemd/timesyncd; }
names_changed() { touched etc/systemd/resolved; }
network_changed() { touched etc/systemd/network/; }
logins_changed() { touched etc/systemd/system/serial-getty etc/systemd/system/getty.target.wants; }
init_read_services() { systemctl daemon-reload; }
init_load_modules() { systemctl restart systemd-modules-load.service; }
# What systemd-sysctl.service starts.
init_set_sysctl() { /usr/lib/systemd/systemd-sysctl; }
init_follow_names() { systemctl try-restart systemd-resolved.service; }
init_follow_network() {
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
