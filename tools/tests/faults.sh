#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# faults.sh FARHOLD: processes that are killed, files that change, disks that are full, pipes that break.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$(realpath "$0")")/lib.sh" "$(realpath "$1")"
readonly stale=11 lost=13

truncate -s 200M large
head -c 5000 /dev/urandom >small

# Signals end put, cleanly; then its tokens are worth nothing.
for signal in TERM HUP; do
  offer 1 small
  kill "-$signal" "$putter"
  ends_with 0 "$putter"
  exits $lost "$farhold" get "${tokens[0]}"
done

# partly_read: a reader of large that has got a part of it and waits to write the rest.
partly_read() {
  rm -f pipe
  mkfifo pipe
  "$farhold" get "${tokens[0]}" -o pipe 2>get.err &
  reader=$!
  started+=("$reader")
  exec 7<pipe
  head -c 1000 <&7 >/dev/null
}

# Killed while it is read.
offer 1 large
partly_read
kill -9 "$putter"
ends_with 137 "$putter"
cat <&7 >/dev/null
ends_with $lost "$reader"
says producer_lost get.err

# Told to end while it is read: the reader is told, too.
offer 1 large
partly_read
kill -TERM "$putter"
ends_with 0 "$putter"
cat <&7 >/dev/null
status=0
wait "$reader" || status=$?
[[ $status == "$lost" || $status == "$stale" ]] || fail "reader of a put that ended: $status"
exec 7<&-

# stopped_reader: one that writes a file and has begun.
begun() { [[ -n $(find . -name '.farhold-*') ]]; }
stopped_reader() {
  truncate -s 4G huge
  offer 1 huge
  "$farhold" get "${tokens[0]}" -o result 2>get.err &
  reader=$!
  started+=("$reader")
  eventually 20 begun
  kill -STOP "$reader"
}

# A file that has not come whole does not appear, and what was there stays.
echo before >result
stopped_reader
kill -9 "$putter"
kill -CONT "$reader"
ends_with $lost "$reader"
[[ $(<result) == before ]] || fail "a failed get changed the file"
nothing_left
rm result
stopped_reader
kill -TERM "$reader"
kill -CONT "$reader"
ends_with 143 "$reader"
[[ ! -e result ]] || fail "an interrupted get left a file"
nothing_left
stop
rm huge

# Who wants to write gets in, at once, and readers never see the result.
offer 2 small large
partly_read
exec 7<&-
begin=$SECONDS
echo more >>small
((SECONDS - begin < 20)) || fail "the writer waited for $((SECONDS - begin)) s"
says "small: somebody opens it for writing" put.err
exits $stale "$farhold" get "${tokens[0]}"
"$farhold" get "${tokens[1]}" | cmp - large || fail "the other file"
kill "$putter"
ends_with 1 "$putter"

offer 1 large
partly_read
: >large
ends_with 1 "$putter"
cat <&7 >/dev/null
status=0
wait "$reader" || status=$?
[[ $status == "$lost" || $status == "$stale" ]] || fail "reader of a file that was emptied: $status"
exec 7<&-
truncate -s 200M large

# One that somebody writes already is copied.
exec 8>>small
offer 1 small
says "copied into memory" put.err
cp small before
echo more >&8
exec 8>&-
"$farhold" get "${tokens[0]}" | cmp - before || fail "the copy changed"
stop

# Pipes that nobody reads.
offer 1 large
set +o pipefail
"$farhold" get "${tokens[0]}" 2>err | head -c 10 >/dev/null
[[ ${PIPESTATUS[0]} == 141 && ! -s err ]] || fail "get into a broken pipe"
set -o pipefail
# Where an existing file would have to go.
mkdir folder
echo mine >folder/large
exits 1 "$farhold" get "${tokens[0]}" -o folder
says "File exists"
[[ $(<folder/large) == mine ]] || fail "a file in the folder was overwritten"
nothing_left
exits 1 "$farhold" get "${tokens[0]}" -o nowhere/large
says "nowhere/large"
exits 1 "$farhold" get "${tokens[0]}" -o /dev/full
says "No space left"

if ((EUID == 0)) && unshare --mount true 2>/dev/null; then
  # shellcheck disable=SC2016  # expanded by the shell inside
  exits 1 unshare --mount sh -c 'mount -t tmpfs -o size=16m full folder && cd folder &&
    "$0" get "$1" -o large; status=$?; [ -z "$(ls -A .)" ] || exit 99; exit $status' "$farhold" "${tokens[0]}"
  says "No space left"
else
  echo "skipped: a small file system needs root"
fi
stop

# What is not there, or not one.
exits 1 "$farhold" put missing
says "missing: No such file"
exits 1 "$farhold" put .
says "Is a directory"
exits 2 "$farhold" put
exits 2 "$farhold" put --reads 0 small
exits 2 "$farhold" put --for soon small
says "'soon' is not a time"
exits 20 "$farhold" put --store nonsense small
exits 20 "$farhold" put --store warp://9 small
says "known schemes are"
exits 18 "$farhold" get no-token-at-all-and-long-enough
exits 18 "$farhold" inspect "${tokens[0]}x"
exits 18 "$farhold" inspect "${tokens[0]:0:60}AAAA${tokens[0]:64}"
exits 19 "$farhold" inspect fhol
echo "faults: ok"
