#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# cut.sh ucx|ofi PEER [ROUNDS]: a cable is pulled out while a consumer on h2 has to do with a producer on h1: idle, when it
# is about to connect, and in the middle of a transfer; one after the other, ROUNDS times (1). The consumer stops itself at
# that point (tests/network/held_transport.hpp), so that it happens there. Its read fails within its time, with `timeout` or
# `unreachable`, as it was waiting for an answer or for a connection; meanwhile it reads from others, unless it is its own
# cable; and when the cable is back all is as before, for it and for the producer, which nobody restarted.
# PEER is the test program farhold_ucx_peer or farhold_ofi_peer.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$(realpath "$0")")/peers.sh" "$2"

readonly scheme=$1 rounds=${3:-1} impatience=4000 slack=4000 patience=40000
secret=FARHOLD_SECRET=$(head -c 24 /dev/urandom | base64 | tr -d '/+=')
"$here/hosts.sh" up 3
start h1 "$secret"
start h3 "$secret"
for host in h1 h3; do expect "$host" "open $scheme://?arena=64MiB" "done"; done
ask h3 "put 70000 9"
elsewhere="$answer 70000 9"

milliseconds() { date +%s%3N; }

# cut MOMENT HELD BYTES CABLE
cut() {
  local moment=$1 held=$2 bytes=$3 cable=$4 token begin=$SECONDS asked took
  ask h1 "put $bytes 1"
  token=$answer
  start h2 "$secret"
  expect h2 "open hold=$held" "done"
  if [[ $moment == idle ]]; then
    expect h2 "resolve $token $bytes 1 $patience" ok
    "$here/hosts.sh" cut "$cable"
    asked=$(milliseconds)
    say h2 "resolve $token $bytes 1 $impatience"
  else
    asked=$(milliseconds)
    expect h2 "resolve $token $bytes 1 $impatience" "at ${held%%:*}"
    "$here/hosts.sh" cut "$cable"
    say h2 go
  fi
  hear h2
  took=$(($(milliseconds) - asked))
  if [[ ! $answer =~ ^(timeout|unreachable) ]] || ((took > impatience + slack)); then
    echo "cut: $scheme, $moment, without $cable's cable, h2 got '$answer' after $took ms"
    exit 1
  fi
  local outcome=${answer%% *}
  if [[ $cable == h1 ]]; then expect h2 "resolve $elsewhere $impatience" ok; fi
  expect h1 "exists $token" yes
  "$here/hosts.sh" mend "$cable"
  expect h2 "resolve $token $bytes 1 $patience" ok
  expect h3 "resolve $token $bytes 1 $patience" ok
  expect h1 "evict $token" "done"
  stop h2
  printf '%s: %-40s %s cable: %s after %d ms, and right bytes when it was back; %d s\n' "$scheme" "$moment ($held)," "$cable's" \
    "$outcome" "$took" "$((SECONDS - begin))"
}

case $scheme in
  ucx)
    whichever=
    middles=(message:4:)
    ;;
  ofi)
    whichever=provider=tcp
    middles=(message:4:provider=off reading:1:provider=tcp)
    ;;
esac
for ((round = 0; round < rounds; ++round)); do
  cut idle "none:1:$whichever" 50000 h1
  cut connecting "connecting:1:$whichever" 50000 h1
  for middle in "${middles[@]}"; do
    cut mid-transfer "$middle" 24000000 h1
    cut mid-transfer "$middle" 24000000 h2
  done
done
echo "cut: $scheme ok, $rounds rounds"
