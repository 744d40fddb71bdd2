#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# bench_hosts.sh FARHOLD: `farhold bench` between two virtual hosts, which are told nothing but the job secret: the table
# has its rows, and says by which path the bytes came and beside what. Not its times.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$(realpath "$0")")/two_hosts.sh" "$1"

offer bench --serve
disown # it ends with its host
"$here/hosts.sh" on h2 timeout 120 "$farhold" bench --quick "$token" >"$work/table" ||
  fail "bench ended with $?"
cat "$work/table"
grep -q '^ucx://.*with h1' "$work/table" || fail "it does not say whom it measured with"
grep -q '^path in use: service; raw: TCP stream' "$work/table" || fail "not the path that there is between such hosts"
for size in '8 B' '64 KiB' '1 MiB'; do grep -qE "^ +$size +[0-9.e+]+ (n|u|m)s " "$work/table" || fail "no row of $size"; done
echo "bench_hosts: ok"
