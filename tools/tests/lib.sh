# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# What the tests of the command share. Sourced, with the command as first argument: $farhold. They run in a scratch
# folder of their own, and nothing that they start outlives them.
# shellcheck shell=bash
set -euo pipefail

farhold=$1
scratch=$(mktemp -d)
started=()
tidy_up() {
  local process
  for process in "${started[@]}"; do
    kill -9 "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
  rm -rf "$scratch"
}
trap tidy_up EXIT
cd "$scratch"

fail() {
  echo "FAILED: $*" >&2
  [[ -s put.err ]] && sed 's/^/put: /' put.err >&2
  exit 1
}

# eventually SECONDS COMMAND...: until it succeeds.
eventually() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || fail "in vain: $*"
    sleep 0.02
  done
}

lines_are() { [[ $(wc -l <"$1") -ge $2 ]]; }

# offer FILES OPTION...: starts put; `putter` is its pid, its tokens are the array `tokens`, of which FILES are awaited.
offer() {
  local count=$1
  shift
  : >put.out
  "$farhold" put "$@" >put.out 2>put.err &
  putter=$!
  started+=("$putter")
  local end=$((SECONDS + 30))
  until lines_are put.out "$count"; do
    kill -0 "$putter" 2>/dev/null || fail "put ended: $*"
    ((SECONDS < end)) || fail "no tokens from put $*"
    sleep 0.02
  done
  # shellcheck disable=SC2034  # for those who source this
  mapfile -t tokens <put.out
}

# ends_with STATUS PID: waits for a process that was started here.
ends_with() {
  local status=0
  { wait "$2" || status=$?; } 2>/dev/null
  [[ $status == "$1" ]] || fail "process $2 ended with $status and not with $1"
}

# exits STATUS COMMAND...: its stderr is in the file `err`.
exits() {
  local wanted=$1 status=0
  shift
  "$@" 2>err || status=$?
  if [[ $status != "$wanted" ]]; then
    cat err >&2
    fail "exit status $status and not $wanted: $*"
  fi
}

says() { grep -qF -- "$1" "${2:-err}" || fail "'$1' is not in: $(cat "${2:-err}")"; }

nothing_left() { [[ -z $(find . -name '.farhold-*') ]] || fail "left over: $(find . -name '.farhold-*')"; }

# stop: ends what `offer` started.
stop() {
  kill -TERM "$putter"
  ends_with 0 "$putter"
}
