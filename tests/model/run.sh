#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# run.sh: searches the model of the validation protocol exhaustively: whole it has no error, for any reader; with a rule
# left out it has one, or the rule would be superfluous; and what the protocol is there for does happen in it.
#
# run.sh -DREADER=FAST -DBROKEN=GRACE ...: searches this configuration only and shows the way to its error, if any.
set -euo pipefail

model=$(dirname "$(realpath "$0")")/validation.pml
readonly model
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# search DEFINITION...: prints `holds`, `fails` (an assertion does not hold) or what else became of the search.
search() {
  spin -a "$@" "$model" >spin.log || { cat spin.log >&2; return 1; }
  # Breadth first: the way to an error is a shortest one.
  cc -O0 -w -DSAFETY -DBFS -o pan pan.c || return 1
  ./pan -w20 >pan.log || true
  if grep -q 'assertion violated' pan.log; then
    echo fails
  elif grep -q 'errors: 0$' pan.log && ! grep -qE 'max search depth|not completed|out of memory' pan.log; then
    echo holds
  else
    cat pan.log >&2
    echo unfinished
  fi
}

if (($#)); then
  search "$@"
  grep -E 'errors:|states, stored' pan.log
  if [[ -e validation.pml.trail ]]; then spin -p -g -l -k validation.pml.trail "$@" "$model"; fi
  exit 0
fi

searches=0
failures=0

# expect OUTCOME DEFINITION...
expect() {
  local outcome found
  outcome=$1
  shift
  found=$(search "${@/#/-D}")
  printf '%-6s %9s states  %s\n' "$found" "$(sed -n 's/ *\([0-9]*\) states, stored.*/\1/p' pan.log)" "$*"
  searches=$((searches + 1))
  if [[ $found != "$outcome" ]]; then
    echo "  ^ should be $outcome" >&2
    failures=$((failures + 1))
  fi
}

echo "--- the protocol"
for reader in MAPPED FAST RECHECK VIEW; do expect holds READER=$reader; done
# Readers that watch no clock need none, and no grace period.
for reader in MAPPED RECHECK VIEW; do
  expect holds READER=$reader BROKEN=GRACE
  expect holds READER=$reader BROKEN=READER_CLOCK_RUNS
done
expect holds READER=FAST G=0

echo "--- without one of its rules"
for rule in SECOND_LOOK LOOK_AFTER_COPY NEW_GENERATION; do expect fails READER=MAPPED BROKEN=$rule; done
for rule in GRACE CLEAR_BEFORE_CLOCK PRODUCER_FENCE SECOND_LOOK HALF READER_CLOCK_RUNS NEW_GENERATION TICKET_LAST; do
  expect fails READER=FAST BROKEN=$rule
done
for rule in SECOND_LOOK NEW_GENERATION TICKET_LAST; do expect fails READER=RECHECK BROKEN=$rule; done
for rule in PIN_BEFORE_LOOK READER_FENCE PRODUCER_FENCE PINS_COUNT PINS_STAY NEW_GENERATION; do
  expect fails READER=VIEW BROKEN=$rule
done

echo "--- what must be possible: each event made an error"
for event in ACCEPTED STALE REUSED HEIR_READ; do expect fails READER=MAPPED WITNESS=$event; done
for event in ACCEPTED STALE LOOKED REUSED HEIR_READ; do
  expect fails READER=FAST WITNESS=$event
  expect fails READER=RECHECK WITNESS=$event
done
for event in ACCEPTED STALE HEIR_READ HELD; do expect fails READER=VIEW WITNESS=$event; done

echo "$searches searches, $failures not as they should be"
((failures == 0))
