#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# rxe_conformance.sh SUITE_OVER_UCX SUITE_OVER_LIBFABRIC: the conformance suite between two processes that read from each
# other by a real verbs device, in a guest (rxe_guest.sh): by UCX, and by libfabric's verbs;ofi_rxm. The arguments are the
# test programs conformance_ucx and conformance_ofi.
set -euo pipefail

over_ucx=$(realpath "$1")
over_libfabric=$(realpath "$2")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/inside" <<'INSIDE'
set -euo pipefail
export FARHOLD_TEST_SLOWNESS=20
rdma link
# Soft-RoCE of Linux 6.1: else UCX's unreliable datagrams, by which connections are made, are all dropped. The control
# channel needs no device here, and opens faster without.
UCX_HANDLE_ERRORS=none UCX_UD_VERBS_ETH_DGID_CHECK=n UCX_WARN_UNUSED_ENV_VARS=n UCX_TLS=tcp,self \
  "$OVER_UCX" --np=2 --path=window
echo "UCX: $SECONDS s"
# With a job secret, processes are to be found at the device's address and not at 127.0.0.1, where there is none. Queues
# for so many peers: for libfabric's usual 256 the device has too few pages.
FARHOLD_SECRET=of-the-conformance-suite FI_UNIVERSE_SIZE=16 "$OVER_LIBFABRIC" --np=2 --path=window --provider=verbs
echo "libfabric: $SECONDS s"
INSIDE
sed -i "2i OVER_UCX='$over_ucx' OVER_LIBFABRIC='$over_libfabric'" "$work/inside"

if ! "$here/rxe_guest.sh" "$work/out" "$work/inside" "${FARHOLD_RXE_SECONDS:-1500}"; then
  cat "$work/out/log" 2>/dev/null || tail -n 20 "$work/out/console"
  echo "rxe_conformance: failed"
  exit 1
fi
grep -E '^\[  (PASSED|SKIPPED)' "$work/out/log"
echo "rxe_conformance: ok"
