#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# publishing_instructions.sh PROGRAM: by how many instructions publishing a field in each step slows a computation down.
#
# PROGRAM is published_steps, run under callgrind with few steps and with more, publishing and not: the differences have
# no start-up in them. More than 1 % is a failure.
set -euo pipefail

(($# == 1)) || {
  sed -n '5s/^# //p' "${BASH_SOURCE[0]}" >&2
  exit 2
}
readonly program=$1
readonly few=4 more=8 # few publish as well, and more evict

# instructions_of STEPS WHAT
instructions_of() {
  local said
  said=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$@" 2>&1) || {
    echo "$said" >&2
    return 1
  }
  sed -n 's/.*Collected : \([0-9]*\).*/\1/p' <<<"$said"
}

per_step() { echo $((($(instructions_of $more "$1") - $(instructions_of $few "$1")) / (more - few))); }

kept=$(per_step keep)
published=$(per_step publish)
hundredths=$(((published - kept) * 10000 / kept))
printf '%d instructions per step, %d when its field of 1 MiB is published: %d.%02d %% more\n' "$kept" "$published" \
  $((hundredths / 100)) $((hundredths % 100))
if ((hundredths > 100)); then
  echo "more than 1 %: find out what publishing does that it need not" >&2
  exit 1
fi
