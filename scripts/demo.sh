#!/usr/bin/env bash
# The main job, from nothing: build the example host, boot it, and talk to the container in it.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh
node bin/dock0.js build -C examples/hello
exec node bin/dock0.js boot -C examples/hello --check http://127.0.0.1:8080/ --timeout 300
