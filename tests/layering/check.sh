#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# check.sh [ROOT]      the rules of the tree that a compiler does not check
# check.sh --self-test shows that each rule is seen to be broken when it is
#
#   include/farhold knows no transport; src/rma knows one-sided memory but no fabric; each folder of transports/ knows
#   one fabric and no other.
#
# Every source and header is in a CMakeLists.txt, and no file is over 600 lines.
set -euo pipefail

readonly max_lines=600

# The headers of each fabric, by the transport that may include them.
declare -rA fabric_headers=(
  [mpi]='mpi\.h|mpi-ext\.h'
  [ucx]='(ucp|uct|ucs|ucm)/[^>"]*'
  [ofi]='rdma/[^>"]*'
  [redis]='hiredis/[^>"]*'
)

# The files of the project, as git knows them, or all of them where there is no git (an unpacked archive).
list_files() {
  if git -C "$root" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git -C "$root" ls-files -- "$@"
  else
    (cd "$root" && find "$@" -type f -not -path '*/build/*' -not -path '*/.git/*' 2>/dev/null | sed 's,^\./,,')
  fi
}

sources_in() { list_files "$@" | grep -E '\.(hpp|cpp|h|c|ipp)$' || true; }

# complain RULE REGEX FILE...: reports each line that matches, comments left out.
complain() {
  local rule=$1 regex=$2 file hits
  shift 2
  for file in "$@"; do
    [[ -f $root/$file ]] || continue
    hits=$(sed 's,//.*,,' "$root/$file" | grep -nE "$regex" || true)
    if [[ -n $hits ]]; then
      printf '%s\n' "$hits" | sed "s,^,$file:," >&2
      echo "  ^ $rule" >&2
      failures=$((failures + 1))
    fi
  done
}

check_core() {
  local -a core transports
  local any headers name
  mapfile -t core < <(sources_in include src)
  mapfile -t transports < <(list_files transports | cut -d/ -f2 | sort -u)

  any=$(IFS='|' && echo "${fabric_headers[*]}")
  complain "the core includes no header of a fabric" "^[ \t]*#[ \t]*include[ \t]*[<\"]($any)[>\"]" "${core[@]}"
  complain "the core names no folder of a transport" 'transports/' "${core[@]}"
  headers=$(list_files transports | sed -nE 's,^transports/[^/]+/include/,,p' | sed 's/\./\\./g' | paste -sd'|')
  if [[ -n $headers ]]; then
    complain "the core includes no header of a transport" "^[ \t]*#[ \t]*include[ \t]*[<\"]($headers)[>\"]" "${core[@]}"
  fi
  for name in "${transports[@]}"; do
    complain "the core names no transport" "farhold::$name::|namespace (farhold::)?$name\>" "${core[@]}"
  done
}

check_transports() {
  local -a files transports
  local name other headers
  mapfile -t transports < <(list_files transports | cut -d/ -f2 | sort -u)
  for name in "${transports[@]}"; do
    mapfile -t files < <(sources_in "transports/$name")
    for other in "${!fabric_headers[@]}"; do
      [[ $other == "$name" ]] && continue
      complain "transports/$name knows no fabric but its own" \
        "^[ \t]*#[ \t]*include[ \t]*[<\"](${fabric_headers[$other]})[>\"]" "${files[@]}"
    done
    for other in "${transports[@]}"; do
      [[ $other == "$name" ]] && continue
      headers=$(list_files "transports/$other/include" | sed -nE 's,^transports/[^/]+/include/,,p' |
        sed 's/\./\\./g' | paste -sd'|')
      [[ -z $headers ]] && continue
      # Its tests may: they compare with, and need stores of, other kinds.
      mapfile -t files < <(sources_in "transports/$name" | grep -v "^transports/$name/tests/")
      complain "transports/$name includes no other transport's header" \
        "^[ \t]*#[ \t]*include[ \t]*[<\"]($headers)[>\"]" "${files[@]}"
    done
  done
}

# CMake takes sources by name: a file in no list is not compiled, not installed and not checked.
check_listed() {
  local file lists name
  while read -r file; do
    case $file in
      include/*) lists=$root/src/CMakeLists.txt name=${file#include/} ;;
      src/*) lists=$root/src/CMakeLists.txt name=${file#src/} ;;
      transports/*/include/* | transports/*/src/*)
        lists=$root/$(cut -d/ -f1,2 <<<"$file")/CMakeLists.txt
        name=$(cut -d/ -f4- <<<"$file")
        ;;
      *) continue ;;
    esac
    # Private headers need no list: whoever includes them is in one.
    case $file in src/*.hpp | transports/*/src/*.hpp) continue ;; esac
    if ! grep -qF -- "$name" "$lists" 2>/dev/null; then
      echo "$file: not listed in ${lists#"$root"/}" >&2
      failures=$((failures + 1))
    fi
  done < <(sources_in include src transports)
}

check_length() {
  local file lines
  while read -r file; do
    [[ -f $root/$file ]] || continue
    lines=$(wc -l <"$root/$file")
    if ((lines > max_lines)); then
      echo "$file: $lines lines; at most $max_lines: give a part of it a file of its own" >&2
      failures=$((failures + 1))
    fi
  done < <(list_files . | grep -E '\.(cpp|hpp|sh|py)$' || true)
}

check() {
  root=$1
  failures=0
  check_core
  check_transports
  check_listed
  check_length
  ((failures == 0))
}

# A small tree in which all is well, then one thing wrong at a time.
self_test() {
  local scratch
  scratch=$(mktemp -d)
  # shellcheck disable=SC2064  # the name is wanted as it is now
  trap "rm -rf '$scratch'" EXIT

  plant() { # FILE TEXT...
    mkdir -p "$(dirname "$scratch/tree/$1")"
    printf '%s\n' "${@:2}" >"$scratch/tree/$1"
  }
  fresh() {
    rm -rf "$scratch/tree"
    plant include/farhold/key.hpp '#include <string>  // not <mpi.h>; see farhold::mpi::connector'
    plant src/key.cpp '#include <farhold/key.hpp>'
    plant src/CMakeLists.txt 'key.cpp farhold/key.hpp'
    plant transports/mpi/CMakeLists.txt 'window.cpp farhold/mpi.hpp'
    plant transports/mpi/include/farhold/mpi.hpp '#include <mpi.h>'
    plant transports/mpi/src/window.cpp '#include <farhold/mpi.hpp>'
    plant transports/ucx/CMakeLists.txt 'farhold/ucx.hpp'
    plant transports/ucx/include/farhold/ucx.hpp '#include <ucp/api/ucp.h>'
  }
  expect() { # pass|fail WHAT
    local result=pass
    (check "$scratch/tree") 2>"$scratch/err" || result=fail
    if [[ $result != "$1" ]]; then
      echo "SELF-TEST FAILED: '$2' should $1" >&2
      cat "$scratch/err" >&2
      exit 1
    fi
  }

  fresh && expect pass "a tree that keeps the rules"
  plant src/key.cpp '#include <farhold/key.hpp>' '  #  include "mpi.h"' && expect fail "mpi.h in the core"
  fresh && plant include/farhold/key.hpp '#include <ucp/api/ucp.h>' && expect fail "UCX in a public header"
  fresh && plant src/key.cpp '#include <rdma/fabric.h>' && expect fail "libfabric in the core"
  fresh && plant src/key.cpp '#include <farhold/mpi.hpp>' && expect fail "a transport's header in the core"
  fresh && plant src/key.cpp '#include "../transports/mpi/src/window.hpp"' && expect fail "a transport's folder in the core"
  fresh && plant src/key.cpp 'farhold::ucx::open();' && expect fail "a transport's namespace in the core"
  fresh && plant transports/mpi/src/window.cpp '#include <ucp/api/ucp.h>' && expect fail "UCX in the MPI transport"
  fresh && plant transports/mpi/src/window.cpp '#include <farhold/ucx.hpp>' && expect fail "one transport using another"
  fresh && plant src/extra.cpp '' && expect fail "a source in no list"
  fresh && plant include/farhold/extra.hpp '' && expect fail "a header in no list"
  fresh && plant scripts/long.sh "$(seq $((max_lines + 1)))" && expect fail "a file that is too long"
  fresh && plant scripts/long.sh "$(seq $max_lines)" && expect pass "a file just not too long"
  echo "layering: the check sees what it should"
}

case ${1-} in
  --self-test) self_test ;;
  *)
    check "$(cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}" && pwd)" || exit 1
    echo "layering: kept"
    ;;
esac
