#!/usr/bin/env bash
# Makes the pictures of docs/pictures again: screenshots of a real report in Chromium.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh test
npx vitest run --project pictures
