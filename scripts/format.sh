#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# format.sh [--check]: formats all C++ files in the repository, or lists the ones that are not formatted and fails.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

mode=(-i)
case "$#:${1-}" in
  0:) ;;
  1:--check) mode=(--dry-run --Werror) ;;
  *)
    echo "usage: scripts/format.sh [--check]" >&2
    exit 2
    ;;
esac

# clang-format's output differs between versions, so the one of CI is preferred.
formatter=$(command -v clang-format-14 || command -v clang-format) || {
  echo "format.sh: no clang-format; run scripts/install-deps.sh" >&2
  exit 1
}
git ls-files -z -- '*.cpp' '*.hpp' '*.h' '*.c' | xargs -0 -r "$formatter" "${mode[@]}"
