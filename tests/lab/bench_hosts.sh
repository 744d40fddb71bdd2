#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# bench_hosts.sh FARHOLD: `farhold bench` between two virtual hosts, which are told nothing but the job secret: the table
# has its rows, and says by which path the bytes came and beside what. Not its times.
set -euo pipefail

farhold=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
export FARHOLD_LAB_DIR=$work/hosts
trap '"$here/hosts.sh" down; rm -rf "$work"' EXIT

fail() {
  echo "bench_hosts: $*" >&2
  for said in "$work"/*; do if [[ -f $said && $said != */secret ]]; then sed "s|^|$(basename "$said"): |" "$said" >&2; fi; done
  exit 1
}

head -c 32 /dev/urandom | base64 >"$work/secret"
chmod 600 "$work/secret"
export FARHOLD_SECRET_FILE=$work/secret

"$here/hosts.sh" up 2
"$here/hosts.sh" on h1 "$farhold" bench --serve >"$work/token" 2>"$work/serve" &
server=$!
for ((tries = 0; tries < 3000; ++tries)); do
  [[ -s $work/token ]] && break
  kill -0 "$server" || fail "bench --serve has ended"
  sleep 0.01
done
"$here/hosts.sh" on h2 timeout 120 "$farhold" bench --quick "$(<"$work/token")" >"$work/table" 2>"$work/bench" ||
  fail "bench ended with $?"
cat "$work/table"
grep -q '^ucx://.*with h1' "$work/table" || fail "it does not say whom it measured with"
grep -q '^path in use: service; raw: TCP stream' "$work/table" || fail "not the path that there is between such hosts"
for size in '8 B' '64 KiB' '1 MiB'; do grep -qE "^ +$size +[0-9.e+]+ (n|u|m)s " "$work/table" || fail "no row of $size"; done
echo "bench_hosts: ok"
