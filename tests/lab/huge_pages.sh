#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# huge_pages.sh RMA_ARENA: arenas, and the mappings of their readers, are in huge pages on a host that gives them to who
# asks. Changes the host's policy and puts it back.
set -euo pipefail

readonly policy=/sys/kernel/mm/transparent_hugepage/shmem_enabled
if [[ ! -w $policy ]]; then
  echo "huge_pages: skipped: this kernel has none for shared memory"
  exit 0
fi
before=$(sed -E 's/.*\[(.*)\].*/\1/' "$policy")
trap 'echo "$before" >"$policy"' EXIT
echo advise >"$policy"
FARHOLD_TEST_HUGE_PAGES=1 "$1" --gtest_filter=arena.is_in_huge_pages_where_the_host_gives_any | tee /dev/stderr | grep '\[  PASSED  \] 1 test' >/dev/null
echo "huge_pages: ok"
