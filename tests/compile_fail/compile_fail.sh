#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# compile_fail.sh SCRATCH_DIRECTORY COMPILER [FLAG...]
#
# Each file of cases/ must compile, and must not with FARHOLD_WRONG defined; the compiler's error must match:
#   // error: REGEX          with every compiler
#   // gcc-error: REGEX      with GCC; a case without a line for a compiler is not tried with it
#   // clang-error: REGEX
#   // flags: FLAG...        besides the build's
# Regular expressions are extended ones, quotes in messages are plain ('). The first line of "error: …" must match: what
# follows it is the compiler's own.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$1
compiler=("${@:2}" -std=c++20 -fdiagnostics-color=never -I "$here/cases")
export LC_ALL=C
mkdir -p "$scratch"
grep -v '#pragma once' "$here/cases/support.hpp" >"$scratch/prelude.hpp"  # warned of in a main file

if "$2" --version | grep -q clang; then
  family=clang
  "${compiler[@]}" -x c++-header "$scratch/prelude.hpp" -o "$scratch/prelude.pch"
  prelude=(-include-pch "$scratch/prelude.pch")
else
  family=gcc
  "${compiler[@]}" -x c++-header "$scratch/prelude.hpp" -o "$scratch/prelude.hpp.gch"
  prelude=(-include "$scratch/prelude.hpp")
fi

# All right halves at once: their names are in namespaces of their own.
all=$scratch/all_right.cpp
printf '#include "%s"\n' "$here"/cases/*.cpp >"$all"
if ! "${compiler[@]}" -fsyntax-only "${prelude[@]}" "$all"; then
  echo "FAILED: what is right does not compile" >&2
  exit 1
fi

check() {
  local case=$1 name pattern output errors flags
  name=$(basename "$case" .cpp)
  pattern=$(sed -nE "s,^// ($family-)?error: (.*)$,\2,p" "$case" | head -n 1)
  if [[ -z $pattern ]]; then
    echo "skipped: $name (not with $family)"
    return 0
  fi
  read -ra flags < <(sed -nE 's,^// flags: (.*)$,\1,p' "$case"; echo)
  # What is right must not fail for the flags' sake.
  if ((${#flags[@]})) && ! "${compiler[@]}" "${flags[@]}" -fsyntax-only "${prelude[@]}" "$case"; then
    echo "FAILED: $name: what is right does not compile with ${flags[*]}"
    return 1
  fi
  if output=$("${compiler[@]}" "${flags[@]}" -DFARHOLD_WRONG -fsyntax-only "${prelude[@]}" "$case" 2>&1); then
    echo "FAILED: $name compiles"
    return 1
  fi
  errors=$(grep -E '\berror: ' <<<"$output")
  if ! grep -qE -- "$pattern" <<<"${errors%%$'\n'*}"; then
    printf 'FAILED: %s: the first error does not match "%s":\n%s\n' "$name" "$pattern" "$output"
    return 1
  fi
  if [[ -n ${FARHOLD_SHOW_ERRORS-} ]]; then printf '%s: %s\n' "$name" "$errors"; fi
}

count=0 failed=0
check_all() {
  local running=0 case
  for case in "$here"/cases/*.cpp; do
    ((count += 1))
    check "$case" &
    if ((++running >= 2)); then
      wait -n || ((failed += 1))
      ((running -= 1))
    fi
  done
  while ((running-- > 0)); do wait -n || ((failed += 1)); done
}
check_all
if ((failed)); then
  echo "$failed of $count cases FAILED" >&2
  exit 1
fi
echo "$count cases passed with $family"
