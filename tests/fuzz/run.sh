#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# run.sh FUZZER SECONDS [--keep]: runs a fuzzer on its corpus and on new input. --keep adds what it found, made
# minimal, to the corpus in the tree.
set -euo pipefail

fuzzer=$1
seconds=$2
corpus=$(dirname "$(realpath "$0")")/corpus/$(basename "$fuzzer" | sed 's/^fuzz_//')
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT

mkdir -p "$corpus"
"$fuzzer" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=600 -print_final_stats=1 \
  -artifact_prefix="$found/" "$found" "$corpus"
if [[ ${3-} == --keep ]]; then "$fuzzer" -merge=1 -max_len=600 "$corpus" "$found"; fi
