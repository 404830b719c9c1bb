#!/bin/sh
# Debian's Request Tracker 5 on SQLite, for tests/rt; needs root.
set -eu
export DEBIAN_FRONTEND=noninteractive
if [ ! -x /usr/share/request-tracker5/libexec/rt-server ]; then
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends request-tracker5 rt5-standalone rt5-db-sqlite rt5-clients
fi
