#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# ucx_files.sh FARHOLD [MIB]: a file of so many MiB, 256 unless said, goes from one virtual host to another by `farhold put`
# and `farhold get -o`, which are told nothing but the job secret. What is written is what was offered; its bytes cross the
# wire once, give or take 5 %; and the consumer needs memory for the chunks that are on their way, whatever the size of the
# file.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$(realpath "$0")")/two_hosts.sh" "$1"

mebibytes=${2:-256}
free=$(($(df --output=avail -k "$work" | tail -n 1) >> 10))
((free > 2 * mebibytes + 1024)) || fail "$work has only $free MiB left"
head -c "${mebibytes}M" /dev/urandom >"$work/file"

offer put --reads 1 "$work/file"
read -r before _ < <("$here/hosts.sh" bytes h2)
begin=$SECONDS
"$here/hosts.sh" on h2 "$farhold" get --quiet "$token" -o "$work/copy" &
outside=$!
peak=0  # of its memory, in KiB, as was seen last before its end
while kill -0 "$outside" 2>/dev/null; do
  if inside=$(pgrep -P "$outside" -x farhold); then
    seen=$(awk '/^VmHWM:/ { print $2 }' "/proc/$inside/status" 2>/dev/null) || seen=0
    if ((${seen:-0} > peak)); then peak=$seen; fi
  fi
  sleep 0.02
done
wait "$outside" || fail "get ended with $?"
took=$((SECONDS - begin))
wait "$offering" || fail "put ended with $?"
read -r after _ < <("$here/hosts.sh" bytes h2)
wire=$(((after - before) >> 10))
cmp "$work/file" "$work/copy" || fail "what came differs"

echo "a file of $mebibytes MiB between two hosts: $took s, $wire KiB on the wire, get needed $((peak >> 10)) MiB of memory"
((wire >= mebibytes << 10 && wire * 100 <= (mebibytes << 10) * 105)) || fail "the file did not cross the wire once"
# The program, its libraries, and two chunks of 8 MiB.
((peak > 0 && peak < 48 << 10)) || fail "get needs memory for more than its chunks"
echo "ucx_files: ok"
