#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# put_get.sh FARHOLD: files go from process to process as they are.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$(realpath "$0")")/lib.sh" "$(realpath "$1")"
chunk=$((8 << 20))

# Of every size there can be trouble with.
sizes=(0 1 4095 $((chunk - 1)) "$chunk" $((chunk + 1)) $((2 * chunk + 17)))
mkdir in out out_copy
for size in "${sizes[@]}"; do head -c "$size" /dev/urandom >"in/$size"; done
head -c 1000 /dev/urandom >"in/with space and ü"
head -c 1000 /dev/urandom >$'in/with\nnewline'
offer "$((${#sizes[@]} + 2))" in/*
"$farhold" get "${tokens[@]}" -o out
diff -r in out || fail "in place"
says "read where it lies" put.err
# One after the other to stdout, and in the order of the arguments.
cat in/* | cmp - <("$farhold" get "${tokens[@]}") || fail "to stdout"
printf '%s\n\n  %s' "${tokens[1]}" "${tokens[2]}" | "$farhold" get - | cmp - <(cat in/1 in/16777233) || fail "from stdin"
stop

offer "$((${#sizes[@]} + 2))" --copy in/*
"$farhold" get "${tokens[@]}" -o out_copy
diff -r in out_copy || fail "copied"
says "copied into memory" put.err
stop

# Under a name; over an old file, whose permissions stay; through a symbolic link, which stays; into a device.
offer 1 "in/$chunk"
umask 022
"$farhold" get "${tokens[0]}" -o named
if ! cmp "in/$chunk" named || [[ $(stat -c %a named) != 644 ]]; then fail "named file"; fi
echo old >old
chmod 640 old
ln -s old link
"$farhold" get "${tokens[0]}" -o link
if ! cmp "in/$chunk" old || [[ ! -L link || $(stat -c %a old) != 640 ]]; then fail "over an old file"; fi
"$farhold" get "${tokens[0]}" -o /dev/null
[[ -c /dev/null ]] || fail "/dev/null was replaced"
stop

# From a pipe, and put ends when it was read.
seq 3000000 | "$farhold" put --reads 1 - 2>put.err | "$farhold" get - | cmp - <(seq 3000000) || fail "stdin"

# Many readers, each counted once.
offer 2 --reads 3 in/1 "in/$chunk"
readers=()
for i in 1 2 3; do
  "$farhold" get "${tokens[@]}" >"read.$i" &
  readers+=($!)
done
for reader in "${readers[@]}"; do ends_with 0 "$reader"; done
ends_with 0 "$putter"
for i in 1 2 3; do cat in/1 "in/$chunk" | cmp - "read.$i" || fail "reader $i"; done
says "1: read 3 of 3" put.err

# Until a time, which is enough or is not.
offer 1 --for 300ms in/1
ends_with 0 "$putter"
offer 1 --for 300ms --reads 1 in/1
ends_with 15 "$putter"
offer 1 --for 1h --reads 1 in/1
"$farhold" get "${tokens[0]}" >/dev/null
ends_with 0 "$putter"

# Other stores than the default one: here objects are files.
mkdir objects
offer 1 --store "file://$scratch/objects" "in/$chunk"
"$farhold" get "${tokens[0]}" | cmp - "in/$chunk" || fail "through a file store"
stop
[[ -z $(find objects -type f -size +1M) ]] || fail "put left its objects"

# Nothing on stderr where nothing is wrong and nobody asked.
offer 1 --quiet in/1
"$farhold" get --quiet "${tokens[0]}" >/dev/null 2>err
stop
[[ ! -s put.err && ! -s err ]] || fail "--quiet is not"
nothing_left
echo "put and get: ok"
