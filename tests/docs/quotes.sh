#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# quotes.sh              the C++ of docs/*.md is quoted from tests/docs/*.cpp, and the files that it names exist
# quotes.sh --self-test  shows that what is not is seen
#
# Each ```cpp block (```c++ ones are fragments for reading) must be in one of the files, line for line but for
# indentation. Of `name.cpp` in backquotes there must be a case in tests/compile_fail/cases.
# shellcheck disable=SC2016  # the backquotes are Markdown's
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# check_page PAGE: complains of each block and name that is nowhere.
check_page() {
  local page=$1 line block='' inside=0 number=0 start=0 name good=0
  while IFS= read -r line; do
    ((number += 1))
    if ((!inside)) && [[ $line == '```cpp' ]]; then
      inside=1 start=$number block=$'\n'
    elif ((inside)) && [[ $line == '```' ]]; then
      inside=0
      ((blocks += 1))
      if [[ $sources != *"$block"* ]]; then
        echo "$page:$start: this C++ is in none of tests/docs/*.cpp" >&2
        good=1
      fi
    elif ((inside)); then
      block+=${line#"${line%%[![:space:]]*}"}$'\n'
    else
      while [[ $line =~ $case_name ]]; do
        name=${BASH_REMATCH[1]} line=${line#*"${BASH_REMATCH[0]}"}
        if [[ ! -f $here/../compile_fail/cases/$name ]]; then
          echo "$page:$number: there is no tests/compile_fail/cases/$name" >&2
          good=1
        fi
      done
    fi
  done <"$page"
  return "$good"
}

sources=$(sed -E 's/^[[:space:]]+//' "$here"/*.cpp)
blocks=0
readonly case_name='`([a-z_]+\.cpp)`'

if [[ ${1-} == --self-test ]]; then
  page=$(mktemp)
  trap 'rm -f "$page"' EXIT
  printf '```cpp\n  double factor = x;  // no exception may pass through C\n```\nas in `visit.cpp`\n' >"$page"
  check_page "$page"
  printf '```cpp\ndouble factor = 7;\n```\n' >"$page"
  if check_page "$page" 2>/dev/null; then
    echo "FAILED: a snippet that is nowhere passes" >&2
    exit 1
  fi
  printf 'as in `no_such_case.cpp`\n' >"$page"
  if check_page "$page" 2>/dev/null; then
    echo "FAILED: a case that is nowhere passes" >&2
    exit 1
  fi
  echo "quotes: what is nowhere is seen"
  exit 0
fi

failed=0
for page in "$here"/../../docs/*.md; do check_page "$page" || failed=1; done
((failed == 0))
((blocks > 0))
echo "$blocks snippets are quoted right"
