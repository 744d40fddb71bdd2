#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# ucx_rxe.sh PEER FARHOLD: reads by a real verbs device, in a guest (rxe_guest.sh). The consumer gets right bytes by the
# window path, few and many, and the producer answers nothing; an evicted object is stale; a producer that was killed is
# lost; `farhold info` names the device. PEER is the test program farhold_ucx_peer.
set -euo pipefail

peer=$(realpath "$1")
farhold=$(realpath "$2")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/inside" <<'INSIDE'
set -euo pipefail
# Soft-RoCE of Linux 6.1: else UCX's unreliable datagrams, by which connections are made, are all dropped.
export UCX_HANDLE_ERRORS=none UCX_UD_VERBS_ETH_DGID_CHECK=n UCX_WARN_UNUSED_ENV_VARS=n
# The control channel needs no device here, and opens faster without.
export UCX_TLS=tcp,self
rdma link
mkfifo /run/p.in /run/p.out /run/c.in /run/c.out
"$PEER" </run/p.in >/run/p.out &
producer=$!
exec 3>/run/p.in 4</run/p.out
"$PEER" </run/c.in >/run/c.out &
exec 5>/run/c.in 6</run/c.out
tell_producer() {
  echo "$1" >&3
  read -r -t 200 answer <&4
}
tell_consumer() {
  echo "$1" >&5
  read -r -t 200 answer <&6
}
expect() { # WHOM COMMAND ANSWER
  "tell_$1" "$2"
  echo "$SECONDS s: $1: ${2:0:30}… -> ${answer:0:200}"
  [[ $answer == "$3"* ]]
}
expect producer 'open ucx://?hardware=require&arena=16MiB' 'done'
expect consumer 'open ucx://?hardware=require&same_host=off&arena=16MiB' 'done'
for object in '50000 1' '8 2' '5000000 3'; do
  tell_producer "put $object"
  token=$answer
  expect consumer "resolve $token $object 180000" ok
done
expect consumer 'count window' 3
expect producer 'count served' 0
expect producer "evict $token" "done"
expect consumer "resolve $token 5000000 3 180000" stale
tell_producer 'put 50000 4'
token=$answer
kill -9 $producer
wait $producer || true  # until then its memory may be read
expect consumer "resolve $token 50000 4 180000" producer_lost
FARHOLD_ADMIT=anyone UCX_TLS=all "$FARHOLD" info | tee /run/info
grep -q 'objects of other hosts are read over .*/rxe0' /run/info
INSIDE
sed -i "2i PEER='$peer' FARHOLD='$farhold'" "$work/inside"

if ! "$here/rxe_guest.sh" "$work/out" "$work/inside" "${FARHOLD_RXE_SECONDS:-600}"; then
  cat "$work/out/log" 2>/dev/null || tail -n 20 "$work/out/console"
  echo "ucx_rxe: failed"
  exit 1
fi
cat "$work/out/log"
echo "ucx_rxe: ok"
