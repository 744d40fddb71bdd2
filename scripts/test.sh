#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# test.sh [--preset NAME] [--extended]
#
# Installs the dependencies, builds farhold and runs its tests: with GCC and Open MPI, or as another preset of
# CMakePresets.json says. --extended adds the long tests.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  echo "usage: scripts/test.sh [--preset NAME] [--extended]" >&2
  exit 2
}

preset=openmpi
extended=0
while (($#)); do
  case $1 in
    --preset)
      (($# >= 2)) || usage
      preset=$2
      shift
      ;;
    --extended) extended=1 ;;
    *) usage ;;
  esac
  shift
done

scripts/install-deps.sh
cmake --preset "$preset"
cmake --build --preset "$preset"
if ((extended)); then
  # Without the test preset, which leaves them out.
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j3
else
  ctest --preset "$preset"
fi
