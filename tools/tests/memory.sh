#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# memory.sh FARHOLD: a consumer of a large file needs memory for two chunks, not for the file.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$(realpath "$0")")/lib.sh" "$(realpath "$1")"

# The file has holes, and not all of it is zero.
truncate -s 256M large
for at in 0 77 128 255; do printf 'here %d' "$at" | dd of=large bs=1M seek="$at" conv=notrunc status=none; done
offer 1 large
mkfifo pipe
"$farhold" get "${tokens[0]}" -o pipe &
reader=$!
started+=("$reader")
exec 7<pipe
head -c 250M <&7 >most
# It waits to write the rest now. Memory of its own, in KiB; mapped files do not count.
anonymous=$(awk '/^RssAnon:/ { print $2 }' "/proc/$reader/status")
echo "memory of get after 250 MiB: $((anonymous >> 10)) MiB"
((anonymous < 32 << 10)) || fail "get uses $anonymous KiB"
cat most - <&7 | cmp - large || fail "what came differs"
ends_with 0 "$reader"
stop
echo "memory: ok"
