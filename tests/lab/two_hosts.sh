# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# The farhold command on two virtual hosts, h1 and h2, which are told nothing but the job secret. Sourced, with the command
# as first argument; the hosts are gone when it ends.
# shellcheck shell=bash
set -euo pipefail

farhold=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
export FARHOLD_LAB_DIR=$work/hosts
trap '"$here/hosts.sh" down; rm -rf "$work"' EXIT

fail() {
  echo "$(basename "$0" .sh): $*" >&2
  sed 's/^/h1: /' "$work/h1.err" >&2
  exit 1
}

(umask 077 && head -c 32 /dev/urandom | base64 >"$work/secret")
export FARHOLD_SECRET_FILE=$work/secret
touch "$work/h1.err"
"$here/hosts.sh" up 2

# offer ARGUMENT...: has h1 run the command, as process $offering, until it has printed `token`.
offer() {
  "$here/hosts.sh" on h1 "$farhold" "$@" >"$work/token" 2>"$work/h1.err" &
  offering=$!
  for ((tries = 0; tries < 3000; ++tries)); do
    if [[ -s $work/token ]]; then
      # shellcheck disable=SC2034  # by who sources this
      token=$(<"$work/token")
      return
    fi
    kill -0 "$offering" || fail "farhold $1 has ended"
    sleep 0.01
  done
  fail "farhold $1 prints no token"
}
