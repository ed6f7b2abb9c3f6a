#!/usr/bin/env bash
# Makes the pictures of docs/pictures again: drawings from the sources, a recorded terminal, and screenshots
# of a real report and of the page of dock0 ui in Chromium.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh test
node scripts/bundle.js
node scripts/architecture.js
node scripts/boot-picture.js
node scripts/terminal-picture.js
npx vitest run --project pictures
