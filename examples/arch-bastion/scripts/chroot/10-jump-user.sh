#!/bin/sh
# Nobody logs in here but to pass through.
set -eu
useradd --create-home --shell /usr/bin/false jump
install -d -m 700 /etc/ssh/keys
