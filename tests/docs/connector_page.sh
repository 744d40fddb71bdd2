#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# The C++ and CMake of docs/write-a-connector.md are lines of tests/install/third_party, in their order: what is shown is
# what is built. (Its commands are run by tests/install/run.sh.)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
page=$root/docs/write-a-connector.md

# Each line of a block must be found, the next one after it, in one of the files; blank lines and indentation aside.
awk -v files="$(echo "$root"/tests/install/third_party/*.{cpp,hpp,txt})" '
  function plain(text) { gsub(/^[ \t]+|[ \t]+$/, "", text); return text }
  BEGIN {
    count = split(files, names, " ")
    for (f = 1; f <= count; ++f) {
      lines[f] = 0
      while ((getline line < names[f]) > 0) if (plain(line) != "") text[f, ++lines[f]] = plain(line)
    }
  }
  /^```(c\+\+|cmake)$/ { inside = 1; wanted = 0; from = NR; next }
  /^```$/ && inside {
    inside = 0; ++blocks; found = 0
    for (f = 1; f <= count && !found; ++f) {
      next_wanted = 1
      for (i = 1; i <= lines[f] && next_wanted <= wanted; ++i) if (text[f, i] == block[next_wanted]) ++next_wanted
      found = next_wanted > wanted
    }
    if (!found) { print FILENAME ":" from ": this is in none of the files of tests/install/third_party"; bad = 1 }
    next
  }
  inside && plain($0) != "" { block[++wanted] = plain($0) }
  END { if (blocks < 5) { print "only " blocks " blocks"; bad = 1 } print blocks " blocks looked at"; exit bad }
' "$page"
