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

# The files of the project, as git knows them, or all of them where there is no git (an unpacked archive), into `tree`.
read_tree() {
  if git -C "$root" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    mapfile -t tree < <(git -C "$root" ls-files)
  else
    mapfile -t tree < <(cd "$root" && find . -type f -not -path '*/build/*' -not -path '*/.git/*' | sed 's,^\./,,')
  fi
}

# list_files FOLDER...: those of the tree that lie in one of the folders.
list_files() {
  local file folder
  for file in "${tree[@]}"; do
    for folder in "$@"; do
      if [[ $file == "$folder"/* ]]; then echo "$file"; fi
    done
  done
}

sources_in() { list_files "$@" | grep -E '\.(hpp|cpp|h|c|ipp)$' || true; }

# headers_of FOLDER...: a regular expression for the public headers in these folders of transports.
headers_of() {
  local name
  for name in "$@"; do list_files "transports/$name/include"; done | sed -nE 's,^transports/[^/]+/include/,,p' |
    sed 's/\./\\./g' | paste -sd'|'
}

readonly include_of='^[ \t]*#[ \t]*include[ \t]*[<"]'

# complain RULE REGEX FILE...: reports each line that matches, comments left out.
complain() {
  local rule=$1 regex=$2 file hits
  local -a suspects
  shift 2
  # One look at all of them; few are worth a second one without their comments.
  mapfile -t suspects < <(cd "$root" && { grep -lsE "$regex" -- "$@" </dev/null || true; })
  for file in "${suspects[@]}"; do
    hits=$(sed 's,//.*,,' "$root/$file" | grep -nE "$regex" || true)
    if [[ -n $hits ]]; then
      printf '%s\n' "$hits" | sed "s,^,$file:," >&2
      echo "  ^ $rule" >&2
      failures=$((failures + 1))
    fi
  done
}

check_core() {
  local -a core
  local any headers name
  mapfile -t core < <(sources_in include src)

  any=$(IFS='|' && echo "${fabric_headers[*]}")
  complain "the core includes no header of a fabric" "$include_of($any)[>\"]" "${core[@]}"
  complain "the core names no folder of a transport" 'transports/' "${core[@]}"
  headers=$(headers_of "${transports[@]}")
  if [[ -n $headers ]]; then
    complain "the core includes no header of a transport" "$include_of($headers)[>\"]" "${core[@]}"
  fi
  for name in "${transports[@]}"; do
    complain "the core names no transport" "farhold::$name::|namespace (farhold::)?$name\>" "${core[@]}"
  done
}

check_transports() {
  local -a files fabrics others
  local name other headers any
  for name in "${transports[@]}"; do
    fabrics=() others=()
    for other in "${!fabric_headers[@]}"; do
      if [[ $other != "$name" ]]; then fabrics+=("${fabric_headers[$other]}"); fi
    done
    for other in "${transports[@]}"; do
      if [[ $other != "$name" ]]; then others+=("$other"); fi
    done
    mapfile -t files < <(sources_in "transports/$name")
    any=$(IFS='|' && echo "${fabrics[*]}")
    complain "transports/$name knows no fabric but its own" "$include_of($any)[>\"]" "${files[@]}"
    headers=$(headers_of "${others[@]}")
    if [[ -z $headers ]]; then continue; fi
    # Its tests may: they compare with, and need stores of, other kinds.
    mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -v "^transports/$name/tests/")
    complain "transports/$name includes no other transport's header" "$include_of($headers)[>\"]" "${files[@]}"
  done
}

# CMake takes sources by name: a file in no list is not compiled, not installed and not checked.
check_listed() {
  local file lists name
  local -A texts=()
  while read -r file; do
    # Private headers need no list: whoever includes them is in one.
    case $file in
      src/*.hpp | transports/*/src/*.hpp) continue ;;
      include/*) lists=src/CMakeLists.txt name=${file#include/} ;;
      src/*) lists=src/CMakeLists.txt name=${file#src/} ;;
      transports/*/include/* | transports/*/src/*)
        name=${file#transports/}
        lists=transports/${name%%/*}/CMakeLists.txt
        name=${name#*/*/}
        ;;
      *) continue ;;
    esac
    if [[ -z ${texts[$lists]-} ]]; then texts[$lists]=$(cat "$root/$lists" 2>/dev/null || echo none); fi
    if [[ ${texts[$lists]} != *"$name"* ]]; then
      echo "$file: not listed in $lists" >&2
      failures=$((failures + 1))
    fi
  done < <(sources_in include src transports)
}

check_length() {
  local file lines
  while read -r lines file; do
    echo "$file: $lines lines; at most $max_lines: give a part of it a file of its own" >&2
    failures=$((failures + 1))
  done < <(cd "$root" && printf '%s\n' "${tree[@]}" | grep -E '\.(cpp|hpp|sh|py)$' | xargs -d '\n' wc -l 2>/dev/null |
    awk -v most="$max_lines" '$2 != "total" && $1 > most')
}

check() {
  root=$1
  failures=0
  read_tree
  mapfile -t transports < <(printf '%s\n' "${tree[@]}" | sed -nE 's,^transports/([^/]+)/.*,\1,p' | sort -u)
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
