#!/usr/bin/env bash
# Runs one comparison of bench/: `npm run bench -- kernel`. Each prints ratios against a peer of the same run.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:-}
if [ ! -f "bench/$name.ts" ]; then
	printf 'which one?' >&2
	for file in bench/*.ts; do printf ' %s' "$(basename "$file" .ts)" >&2; done
	printf '\n' >&2
	exit 2
fi
bash scripts/setup.sh test
mkdir -p dist/bench
npx esbuild "bench/$name.ts" --bundle --platform=node --format=esm --target=node20 --external:jiti \
	--banner:js='import { createRequire as dock0Require } from "node:module"; const require = dock0Require(import.meta.url);' \
	--outfile="dist/bench/$name.js" --log-level=warning
shift
exec node "dist/bench/$name.js" "$@"
