#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# ucx_files.sh FARHOLD [MIB]: a file of so many MiB, 256 unless said, goes from one virtual host to another by `farhold put`
# and `farhold get -o`, which are told nothing but the job secret. What is written is what was offered; its bytes cross the
# wire once, give or take 5 %; and the consumer needs memory for the chunks that are on their way, whatever the size of the
# file.
set -euo pipefail

farhold=$(realpath "$1")
mebibytes=${2:-256}
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
export FARHOLD_LAB_DIR=$work/hosts
trap '"$here/hosts.sh" down; rm -rf "$work"' EXIT

fail() {
  echo "ucx_files: $*" >&2
  sed 's/^/put: /' "$work/put.err" >&2
  exit 1
}

free=$(($(df --output=avail -k "$work" | tail -n 1) >> 10))
((free > 2 * mebibytes + 1024)) || fail "$work has only $free MiB left"
head -c 32 /dev/urandom | base64 >"$work/secret"
chmod 600 "$work/secret"
export FARHOLD_SECRET_FILE=$work/secret
head -c "${mebibytes}M" /dev/urandom >"$work/file"

"$here/hosts.sh" up 2
touch "$work/put.err"
"$here/hosts.sh" on h1 "$farhold" put --reads 1 "$work/file" >"$work/token" 2>"$work/put.err" &
putter=$!
for ((tries = 0; tries < 3000; ++tries)); do
  [[ -s $work/token ]] && break
  kill -0 "$putter" || fail "put has ended"
  sleep 0.01
done

read -r before _ < <("$here/hosts.sh" bytes h2)
begin=$SECONDS
"$here/hosts.sh" on h2 "$farhold" get --quiet "$(cat "$work/token")" -o "$work/copy" &
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
wait "$putter" || fail "put ended with $?"
read -r after _ < <("$here/hosts.sh" bytes h2)
wire=$(((after - before) >> 10))
cmp "$work/file" "$work/copy" || fail "what came differs"

echo "a file of $mebibytes MiB between two hosts: $took s, $wire KiB on the wire, get needed $((peak >> 10)) MiB of memory"
((wire >= mebibytes << 10 && wire * 100 <= (mebibytes << 10) * 105)) || fail "the file did not cross the wire once"
# The program, its libraries, and two chunks of 8 MiB.
((peak > 0 && peak < 48 << 10)) || fail "get needs memory for more than its chunks"
echo "ucx_files: ok"
