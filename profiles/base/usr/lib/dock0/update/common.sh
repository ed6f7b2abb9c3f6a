# shellcheck shell=sh disable=SC2034,SC2154 # the parts share variables
# Places, messages, the lock. The places can be others so that tests need no disk.
lib=${DOCK0_LIB:-/usr/lib/dock0}
run=${DOCK0_RUN:-/run/dock0}
dev=${DOCK0_DEV:-/dev}
sys=${DOCK0_SYS:-/sys}
proc=${DOCK0_PROC:-/proc}
state=${DOCK0_STATE:-/var/lib/dock0}

say() {
	echo "dock0-update: $*"
}

# fail MESSAGE: ends the program; what runs now stays what boots next unless it was said otherwise.
fail() {
	echo "dock0-update: FAILED: $*" >&2
	exit 1
}

# begin: makes a folder in memory that goes when we do.
begin() {
	mkdir -p "$run"
	work=$(mktemp -d "$run/update.XXXXXX") || fail "cannot write to $run"
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# lock SECONDS: against another that changes something, waiting so long at most.
lock() {
	exec 9>"$run/update.lock"
	flock -w "$1" 9 || fail "another dock0-update is running"
}

# read_settings: update.conf comes from the config `update` (lines of shell).
read_settings() {
	tries=2 health_timeout=300 url=''
	# shellcheck source=/dev/null
	[ ! -f "$lib/update.conf" ] || . "$lib/update.conf"
}

# parameter NAME: sets value to the kernel parameter NAME's; false when it is not given.
parameter() {
	read -r line <"$proc/cmdline"
	value=''
	for word in $line; do
		case $word in
			"$1") return 0 ;;
			"$1="*)
				value=${word#*=}
				return 0
				;;
		esac
	done
	return 1
}
