#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# test.sh TASK_FARM FILE...: the word counts of the files are those of tr, sort and uniq, also when a worker is killed,
# wherever it is.
set -euo pipefail
export LC_ALL=C

task_farm=$1
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cat "$@" /dev/null >"$scratch/all"
# A file's last word ends with its file.
for file in "$@"; do tr -cs 'A-Za-z' '\n' <"$file" && echo; done | tr '[:upper:]' '[:lower:]' | grep . | sort | uniq -c |
  awk '{ print $1, $2 }' | sort -k1,1nr -k2,2 >"$scratch/wanted"

# counted OPTION...: the farm counts the same with these options.
counted() {
  timeout -k 5 50 "$task_farm" --most 0 --part 16 "$@" >"$scratch/counted" 2>"$scratch/log" || {
    cat "$scratch/log" >&2
    echo "FAILED: task_farm $*" >&2
    exit 1
  }
  if ! cmp "$scratch/wanted" "$scratch/counted"; then
    diff "$scratch/wanted" "$scratch/counted" | head
    echo "FAILED: other counts with $*" >&2
    exit 1
  fi
}

logged() {
  if ! grep -qE -- "$1" "$scratch/log"; then
    cat "$scratch/log" >&2
    echo "FAILED: the log has no '$1'" >&2
    exit 1
  fi
}

counted "$@"
logged ' 0 workers lost'
counted --workers 1 "$@"
for point in begun made published told; do
  # What a worker has told may be used before its end is seen, and is then not made again.
  for _ in 1 2 3 4 5; do
    counted --kill 2 --die-at "$point" --workers 3 "$@"
    if [[ $point != told ]] || grep -q 'made again' "$scratch/log"; then break; fi
  done
  logged 'worker 2 \(pid [0-9]+\) was killed by signal 9'
  logged 'made again'
  logged ' 1 workers lost'
done
# What no repetition mends is an error, and ends.
if timeout -k 5 50 "$task_farm" "$scratch/all" "$scratch" >/dev/null 2>"$scratch/log"; then
  echo "FAILED: a folder was counted" >&2
  exit 1
fi
head -n 1 "$scratch/wanted"
echo "$(wc -l <"$scratch/wanted") words counted right, in every way"
