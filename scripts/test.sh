#!/usr/bin/env bash
# Sets up, checks and tests. `test.sh unit|e2e|soak` runs one kind; without a word, checks, unit and e2e.
# The last line is `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-all}
bash scripts/setup.sh test

status=0
projects=(--project "$kind")
if [ "$kind" = all ]; then
	projects=(--project unit --project e2e)
	node scripts/check.js || status=1
fi
results=$(mktemp)
trap 'rm -f "$results"' EXIT
npx vitest run "${projects[@]}" --reporter=default --reporter=json --outputFile.json="$results" || status=1
node scripts/count-tests.js "$results" "$status"
