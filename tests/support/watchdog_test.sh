#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# The watchdog's own test: it must pass results on, and on expiry print stacks and leave nothing alive.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly watchdog=$here/watchdog.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
  echo "FAILED: $*" >&2
  cat "$scratch/err" >&2
  exit 1
}

expect_status() {
  local expected=$1 status=0
  shift
  "$watchdog" "$@" >"$scratch/out" 2>"$scratch/err" || status=$?
  ((status == expected)) || fail "'$*' gave $status and not $expected"
}

expect_gone() {
  local pid
  for pid in "$@"; do
    if [[ $(ps -o stat= -p "$pid" 2>/dev/null) =~ ^[^Z] ]]; then fail "process $pid survived"; fi
  done
}

expect_status 0 30 true
expect_status 7 30 bash -c 'exit 7'
# shellcheck disable=SC2016
expect_status 137 30 bash -c 'kill -KILL $$'

# What the command leaves behind ends with it, even from a session of its own.
# shellcheck disable=SC2016
expect_status 0 30 bash -c 'setsid sleep 600 & echo $! >"$0"' "$scratch/stray"
expect_gone "$(<"$scratch/stray")"
grep -q 'left these processes behind' "$scratch/err" || fail "the stray was not reported"

# Expiry: an ordinary child, one that ignores SIGTERM, one in another session, a stopped one, an orphan.
# shellcheck disable=SC2016
expect_status 124 2 bash -c '
  trap "" TERM
  sleep 600 & echo $! >"$0"
  setsid sleep 601 & echo $! >>"$0"
  sleep 602 & kill -STOP $!; echo $! >>"$0"
  (sleep 603 & echo $! >>"$0")
  wait' "$scratch/pids"
mapfile -t pids <"$scratch/pids"
((${#pids[@]} == 4)) || fail "the command of the test did not get far enough"
expect_gone "${pids[@]}"
if command -v gdb >/dev/null; then
  grep -q '^#[0-9].*nanosleep' "$scratch/err" || fail "no stacks were printed"
fi

# Stopped from outside, it takes everything along.
# shellcheck disable=SC2016
"$watchdog" 60 bash -c 'sleep 604 & echo $! >"$0"; wait' "$scratch/pid" 2>"$scratch/err" &
pid=$!
until [[ -s $scratch/pid ]]; do sleep 0.05; done
kill -TERM "$pid"
wait "$pid" && fail "it reported success although it was stopped"
expect_gone "$(<"$scratch/pid")"
echo "watchdog: passed"
