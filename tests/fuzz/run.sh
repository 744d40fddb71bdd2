#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# run.sh FUZZER SECONDS [--keep]: runs a fuzzer on every input of the corpus kept in the tree, then as long on new
# input. FARHOLD_FUZZ_SECONDS in the environment goes before SECONDS. An input that fails is left in the current
# folder. --keep adds to the corpus what reached new code, as little of it as does.
set -euo pipefail

fuzzer=$1
seconds=${FARHOLD_FUZZ_SECONDS:-$2}
name=$(basename "$fuzzer" | sed 's/^fuzz_//')
corpus=$(dirname "$(realpath "$0")")/corpus/$name
options=(-timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256 -max_len=1024 -artifact_prefix="$PWD/$name-")

if [[ ! -d $corpus || -z $(ls "$corpus") ]]; then
  echo "run.sh: no corpus in $corpus; make_seeds writes one" >&2
  exit 1
fi
"$fuzzer" "${options[@]}" "$corpus"/*

found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
"$fuzzer" "${options[@]}" -max_total_time="$seconds" -print_final_stats=1 "$found" "$corpus"
if [[ ${3-} == --keep ]]; then "$fuzzer" -merge=1 -max_len=1024 "$corpus" "$found"; fi
