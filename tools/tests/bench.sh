#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# bench.sh FARHOLD: the table that `farhold bench` prints, not its times.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$(realpath "$0")")/lib.sh" "$(realpath "$1")"
readonly number='[0-9.e+]+' usage=2 producer_lost=13 wrong_type=17 truncated=19

# has_table FILE: a row of each size with figures, and at least a sentence below.
has_table() {
  local size
  for size in '8 B' '64 B' '1 KiB' '4 KiB' '64 KiB' '1 MiB'; do
    grep -qE "^ +$size +$number (n|u|m)s +$number (n|u|m)s .* $number \($number \.\. $number\)" "$1" ||
      fail "no row of $size in: $(cat "$1")"
  done
  tail -n 1 "$1" | grep -q '\.$' || fail "no sentence in: $(cat "$1")"
}

"$farhold" bench --quick >table
has_table table
says "two processes of this host" table
says "path in use: mapped; raw: memcpy out of a mapping" table

# Two commands that have never met.
: >token
"$farhold" bench --serve --store shm:// >token 2>serve.err &
server=$!
started+=("$server")
eventually 30 lines_are token 1
"$farhold" bench --quick "$(<token)" >table
has_table table
says "with $(hostname)" table
# A process that cannot look at the other one's memory.
if unshare --pid --fork --mount-proc true 2>/dev/null; then
  unshare --pid --fork --mount-proc "$farhold" bench --quick "$(<token)" >table
  has_table table
  says "path in use: service; raw: TCP stream" table
  says "The producer sends every byte" table
else
  echo "skipped: no pid namespaces here"
  [[ ${CI-} == true ]] && fail "under CI=true that is a failure"
fi
# Nobody there.
kill -TERM "$server"
ends_with 0 "$server"
status=0
"$farhold" bench --quick "$(<token)" >table 2>err || status=$?
[[ $status == "$producer_lost" || $status == 11 ]] || fail "a server that ended gives $status: $(cat err)"

exits $usage "$farhold" bench --serve token
exits $truncated "$farhold" bench --quick no_token
offer 1 "$farhold"
exits $wrong_type "$farhold" bench --quick "${tokens[0]}" # the token of a file is of another type
stop
echo "bench: ok"
