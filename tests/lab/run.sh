#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# run.sh: the tests that need several hosts, on virtual ones (hosts.sh). Ends with 77 where those cannot be had: they
# need root, and a kernel with network namespaces.
#
# Open MPI only: Debian's MPICH 4.0.2 hangs in MPI_Finalize over tcp every few runs, with or without farhold
# (pmodels/mpich pull request 6596).
set -euo pipefail

cd "$(dirname "$(realpath "$0")")/../.."

if ((EUID != 0)) || ! unshare --net --uts --ipc --pid --mount --fork true 2>/dev/null; then
  echo "lab: skipped: virtual hosts need root and namespaces"
  exit 77
fi
for tool in ip nsenter pgrep mpirun.openmpi; do
  command -v "$tool" >/dev/null || {
    echo "lab: skipped: no $tool (scripts/install-deps.sh installs it)"
    exit 77
  }
done

cmake --preset openmpi
cmake --build --preset openmpi --target gray_scott
tests/lab/dispatcher_wire.sh build/openmpi/examples/gray_scott/gray_scott mpirun.openmpi
