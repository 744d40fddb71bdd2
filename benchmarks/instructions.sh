#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# instructions.sh PROGRAM BUILD            instructions of one warm mapped resolve, compared with the number kept
# instructions.sh --update PROGRAM BUILD   keeps the number found
#
# PROGRAM is warm_resolve, run under callgrind with N and with 2 N resolves: the difference has no start-up in it.
# BUILD names compiler, build type and processor, for which instructions.json keeps a number each. More than 3 % above it
# is a failure; a build without a number is skipped (77). Fewer are welcome: --update then.
set -euo pipefail

readonly count=20000  # enough for what threads do at the start and end not to count
readonly allowed_percent=3
kept_in=$(dirname "${BASH_SOURCE[0]}")/instructions.json
readonly kept_in

update=false
if [[ ${1-} == --update ]]; then
  update=true
  shift
fi
if (($# != 2)); then
  sed -n '5,6s/^# //p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
readonly program=$1 build=$2

# instructions_of N
instructions_of() {
  local said
  said=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" 2>&1) || {
    echo "$said" >&2
    return 1
  }
  sed -n 's/.*Collected : \([0-9]*\).*/\1/p' <<<"$said"
}

once=$(instructions_of $count)
twice=$(instructions_of $((2 * count)))
found=$(((twice - once) / count))
kept=$(sed -n "s/^ *\"$build\": *\([0-9]*\),\{0,1\}\$/\1/p" "$kept_in")
echo "$build: $found instructions per warm mapped resolve of 64 bytes, ${kept:-none} kept"

if $update; then
  if [[ -n $kept ]]; then
    sed -i "s/^\( *\"$build\": *\)[0-9]*/\1$found/" "$kept_in"
  else
    sed -i "s/^{\$/{\n  \"$build\": $found,/" "$kept_in"
  fi
  exit 0
fi
if [[ -z $kept ]]; then
  echo "no number is kept for this build; keep one: $0 --update $program '$build'"
  exit 77
fi
if ((found * 100 > kept * (100 + allowed_percent))); then
  echo "more than $allowed_percent % above; find out why, or keep the new number and say why in the commit" >&2
  exit 1
fi
