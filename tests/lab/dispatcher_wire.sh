#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# dispatcher_wire.sh GRAY_SCOTT LAUNCHER: what crosses the wire of the dispatcher.
#
# Simulation on one virtual host, dispatcher on the second, analysis on the third. The same number of frames is run with
# a small field and with one 64 times as large. By proxy the dispatcher's host must see the same traffic both times,
# give or take 10 %: start-up, tokens and flow control, no field. By value it must see all of the large field, or the
# counters are not what we think.
set -euo pipefail

gray_scott=$(realpath "$1")
launcher=$2
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
export FARHOLD_LAB_DIR=$work/hosts
trap '"$here/hosts.sh" down; rm -rf "$work"' EXIT

frames=40
parameters() { # COLUMNS ROWS
  printf '{"columns": %d, "rows": %d, "steps": %d, "frame_every": 5, "spots": 4}\n' "$1" "$2" "$((frames * 5))"
}
parameters 48 32 >"$work/small.json"
parameters 384 256 >"$work/large.json"
small_field=$((48 * 32 * 8)) large_field=$((384 * 256 * 8))

printf '#!/bin/sh\nexec "%s" rsh "$@"\n' "$here/hosts.sh" >"$work/rsh"
chmod +x "$work/rsh"
"$here/hosts.sh" up 3

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1

# Sets `wire`: bytes received and sent on the dispatcher's eth0 during one run.
run() { # WAY SIZE
  local before after
  before=$("$here/hosts.sh" bytes h2)
  timeout -k 5 120 "$here/hosts.sh" run "$launcher" --mca plm rsh --mca plm_rsh_agent "$work/rsh" \
    --host h1:2,h2:1,h3:1 --mca btl_tcp_if_include eth0 --mca osc ^ucx,pt2pt -n 4 \
    "$gray_scott" --parameters "$work/$2.json" --only "$1" --output "$work/out" --report "$work/$1.$2.json" \
    --progress off >"$work/$1.$2.log" 2>&1 || {
    cat "$work/$1.$2.log"
    echo "dispatcher_wire: the run $1 $2 failed"
    exit 1
  }
  after=$("$here/hosts.sh" bytes h2)
  wire=$((${after% *} - ${before% *} + ${after#* } - ${before#* }))
}

run window small
proxy_small=$wire
run window large
proxy_large=$wire
run value large
value_large=$wire

cat "$work/window.large.log"
echo
printf '%-44s %14s\n' "bytes on the dispatcher's wire, $frames frames" bytes
printf '%-44s %14d\n' "by proxy, fields of $small_field bytes" "$proxy_small" \
  "by proxy, fields of $large_field bytes" "$proxy_large" "by value, fields of $large_field bytes" "$value_large"

if ((proxy_large * 10 > proxy_small * 11)); then
  echo "dispatcher_wire: the dispatcher's traffic grows with the field"
  exit 1
fi
if ((value_large < 2 * frames * large_field)); then
  echo "dispatcher_wire: by value less than the fields crossed the wire; what was counted?"
  exit 1
fi
echo "dispatcher_wire: ok"
