# shellcheck shell=sh disable=SC2034,SC2154 # what includes it sets and reads variables
# What the host's programs ask of s6: the same functions as those for systemd.
# shellcheck source=/dev/null
. "${DOCK0_LIB:-/usr/lib/dock0}/s6/services.sh"

init_start() {
	[ -d "$scan/$1" ] || {
		add_service "$1" && s6-svscanctl -a "$scan" || return
		until s6-svok "$scan/$1"; do sleep 0.1; done
	}
	s6-svc -u "$scan/$1"
	[ ! -e "$scan/$1/notification-fd" ] || s6-svwait -U -t 900000 "$scan/$1"
}
init_stop() { [ ! -d "$scan/$1" ] || s6-svc -wD -T 120000 -d "$scan/$1"; }
init_restart() {
	init_stop "$1" && init_start "$1"
}
init_try_restart() { [ ! -d "$scan/$1" ] || init_restart "$1"; }
# init_reload NAME: lets it read its settings again, or restarts it.
init_reload() {
	if init_active "$1" && [ -x "$scan/$1/data/reload" ]; then
		(cd "$scan/$1" && ./data/reload)
	else
		init_restart "$1"
	fi
}
init_state() {
	if init_active "$1"; then echo active; else echo inactive; fi
}
# init_active NAME: up, and ready if it says when it is.
init_active() {
	case $(s6-svstat -o up,ready "$scan/$1" 2>/dev/null) in
		'true true') ;;
		'true false') [ ! -e "$scan/$1/notification-fd" ] ;;
		*) false ;;
	esac
}
# init_log NAME: the last it said.
init_log() { tail -n 30 "/run/log/$1/current"; }
# init_failed: what does not run as it should.
init_failed() {
	for service in "$scan"/*/; do
		service=${service%/}
		service=${service##*/}
		[ "$(s6-svstat -o wantedup "$scan/$service")" != true ] || init_active "$service" || printf '%s ' "$service"
	done
}

# init_detach NAME COMMAND...: runs it apart from whoever asks.
init_detach() {
	detached=$1
	shift
	init_later "$detached" 0 "$@"
}
# init_later NAME SECONDS COMMAND...
init_later() {
	detached=$1 later=$2
	shift 2
	# shellcheck disable=SC2016 # for the shell within
	setsid sh -c 'echo $$ >"$1"; sleep "$2"; shift 2; "$@"' sh "/run/$detached.pid" "$later" "$@" \
		</dev/null >/dev/null 2>&1 9>&- &
}
# init_cancel NAME: what was detached, or waits to be run later.
init_cancel() {
	[ ! -s "/run/$1.pid" ] || {
		kill -TERM -- "-$(cat "/run/$1.pid")" 2>/dev/null || :
		rm -f "/run/$1.pid"
	}
}

# init_is_ready: whether dock0-ready has said so; sets reason when not. Services are started for ever, so
# that it never is hopeless.
init_is_ready() {
	reason='' hopeless=''
	! init_active dock0-ready || return 0
	reason="it is not ready; not up: $(init_failed)"
	return 1
}

# What a changed bundle means for s6 (bundle/act.sh).
init_time=ntpd
services_changed() { touched etc/s6/services/; }
time_changed() { touched etc/openntpd/; }
names_changed() { false; }
network_changed() { touched etc/dock0/network etc/resolv.conf.head; }
logins_changed() { touched etc/dock0/serial-getty; }
# init_read_services: takes gone ones away, and gives changed and new ones their new files; they are started later.
init_read_services() {
	sed -n "s|^[a-z]*${tab}etc/s6/services/\\([^/]*\\)/.*|\\1|p" "$work/changes" | sort -u | while IFS= read -r service; do
		if [ ! -d "$scan/$service" ]; then
			[ ! -x "/etc/s6/services/$service/run" ] || add_service "$service"
		elif [ -x "/etc/s6/services/$service/run" ]; then
			cp -RLf "/etc/s6/services/$service/." "$scan/$service/"
		else
			s6-svunlink "$scan" "$service" 2>/dev/null || s6-svc -wD -T 120000 -d "$scan/$service"
			rm -rf "${scan:?}/$service"
		fi
	done
	s6-svscanctl -an "$scan"
}
init_load_modules() { load_listed; }
init_set_sysctl() { set_sysctl; }
init_follow_names() { :; }
init_follow_network() { init_restart network; }
