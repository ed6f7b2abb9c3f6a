#!/usr/bin/env bash
# The main job, from nothing: build the example host, boot it, and talk to the container in it.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh
dock0=(node bin/dock0.js)

"${dock0[@]}" build -C examples/hello

finish() {
	[ -z "${tail_pid:-}" ] || kill "$tail_pid" 2>/dev/null || true
	"${dock0[@]}" vm stop hello-demo 2>/dev/null || true
}
trap finish EXIT
# The console is shown while the machine starts in the background.
console=${DOCK0_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dock0}/vm-logs/hello-demo.log
mkdir -p "$(dirname "$console")"
: >"$console"
tail -n +1 -F "$console" 2>/dev/null &
tail_pid=$!
"${dock0[@]}" boot -C examples/hello --name hello-demo --detach --ready --timeout 600

printf '\nasking the container on http://127.0.0.1:8080/ ...\n'
answer=$(node scripts/ask.js http://127.0.0.1:8080/)
printf '\n    the container answers: %s\n\n' "$answer"
