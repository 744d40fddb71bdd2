#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# killed.sh SURVIVORS LAUNCHER... -- PROGRAM [ARGUMENT...]
#
# Starts PROGRAM with LAUNCHER, each rank sheltered, and judges by the verdicts that ranks 0 to SURVIVORS-1 leave.
set -u

readonly survivors=$1
shift
launcher=()
while [[ $1 != -- ]]; do
  launcher+=("$1")
  shift
done
shift

FARHOLD_FAULTS_DIR=$(mktemp -d -t farhold-faults-XXXXXX)
export FARHOLD_FAULTS_DIR
trap 'rm -rf "$FARHOLD_FAULTS_DIR"' EXIT

"${launcher[@]}" "$(dirname "${BASH_SOURCE[0]}")/sheltered.sh" "$@" &
job=$!

all_in() {
  local rank
  for ((rank = 0; rank < survivors; ++rank)); do
    [[ -e $FARHOLD_FAULTS_DIR/verdict.$rank ]] || return 1
  done
}
while kill -0 "$job" 2>/dev/null && ! all_in; do sleep 0.05; done
touch "$FARHOLD_FAULTS_DIR/over"
wait "$job"
echo "the launcher ended with $?, which is not judged"

failed=0
for ((rank = 0; rank < survivors; ++rank)); do
  verdict=$(cat "$FARHOLD_FAULTS_DIR/verdict.$rank" 2>/dev/null || echo "none was left")
  echo "verdict of rank $rank: $verdict"
  [[ $verdict == ok ]] || failed=1
done
exit "$failed"
