#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# ucx_hosts.sh PEER: proxies between virtual hosts, by UCX.
#
# What is put on h1 and resolved on h2 crosses the wire once: the bytes on both hosts' eth0 are the payload's within 5 %,
# and h3, where a process of the same job holds the token and does not resolve it, sees none of them. A host without the
# secret is turned away.
# PEER is the test program farhold_ucx_peer.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$(realpath "$0")")/peers.sh" "$1"

"$here/hosts.sh" up 3
counters() { "$here/hosts.sh" bytes "$1"; }

secret=FARHOLD_SECRET=$(head -c 24 /dev/urandom | base64 | tr -d '/+=')
payload=$((64 << 20))
start h1 "$secret"
start h2 "$secret"
start h3 "$secret"
for host in h1 h2 h3; do expect "$host" "open ucx://?arena=160MiB" "done"; done
ask h1 "put $payload 1"
token=$answer

# Acquainted before the count, so that it is of the payload. They have nothing in common but the network.
ask h1 "put 1000 7"
small=$answer
expect h2 "resolve $small 1000 7" ok
before_1=$(counters h1) before_2=$(counters h2) before_3=$(counters h3)
expect h3 "compact $token" "$token"
expect h2 "resolve $token $payload 1 60000" ok
after_1=$(counters h1) after_2=$(counters h2) after_3=$(counters h3)
expect h2 "count service" 2

sent=$((${after_1#* } - ${before_1#* })) received=$((${after_2% *} - ${before_2% *}))
elsewhere=$((${after_3% *} - ${before_3% *} + ${after_3#* } - ${before_3#* }))
printf '%-40s %12s\n' "bytes on the wire, for $payload of payload" bytes
printf '%-40s %12d\n' "sent by the producer's host" "$sent" "received by the consumer's host" "$received" \
  "seen by the host of the token's holder" "$elsewhere"
for seen in "$sent" "$received"; do
  if ((seen < payload || seen * 100 > payload * 105)); then
    echo "ucx_hosts: $seen bytes crossed the wire and not $payload, give or take 5 %"
    exit 1
  fi
done
if ((elsewhere > 20000)); then
  echo "ucx_hosts: a host that only holds the token saw $elsewhere bytes"
  exit 1
fi

ask h1 "put 50000 2"
other=$answer
"$here/hosts.sh" rsh h2 "printf 'open ucx://\nresolve $other 50000 2 5000\n' | env UCX_HANDLE_ERRORS=none '$peer'" \
  >"$work/stranger"
if [[ $(sed -n 2p "$work/stranger") != permission* ]]; then
  echo "ucx_hosts: a stranger got: $(sed -n 2p "$work/stranger")"
  exit 1
fi
expect h1 "count refused" 1
echo "ucx_hosts: ok"
