#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# run.sh [--extended]: the tests that need several hosts, on virtual ones (hosts.sh), or a host set up as they like. Ends with 77 where those cannot be
# had: they need root, and a kernel with network namespaces. --extended: with a file of 4 GiB, cables that are cut 25
# times as often, and with the conformance suite on a verbs device, which takes half an hour.
#
# What mpirun starts is started by Open MPI's only. Slurm's jobs run under both MPIs; Debian's MPICH 4.0.2 hangs in
# MPI_Finalize over tcp every few runs, with or without farhold, unless tests/support/mpich_finalize.cpp is preloaded.
set -euo pipefail

extended=false
large_file_mebibytes=256
cut_rounds=1
if [[ ${1-} == --extended ]]; then
  extended=true
  large_file_mebibytes=4096
  cut_rounds=25
fi
cd "$(dirname "$(realpath "$0")")/../.."

if ((EUID != 0)) || ! unshare --net --uts --ipc --pid --mount --fork true 2>/dev/null; then
  echo "lab: skipped: virtual hosts need root and namespaces"
  exit 77
fi
for tool in ip nsenter pgrep mpirun.openmpi mpiexec.mpich munged slurmctld slurmd sbatch qemu-system-x86_64 busybox cpio \
  modprobe rdma; do
  command -v "$tool" >/dev/null || {
    echo "lab: skipped: no $tool (scripts/install-deps.sh installs it)"
    exit 77
  }
done

readonly targets=(farhold_command gray_scott conformance_mpi rma_paths)
cmake --preset openmpi
cmake --build --preset openmpi --target "${targets[@]}" farhold_{ucx,ofi}_peer rma_arena
cmake --preset mpich
cmake --build --preset mpich --target "${targets[@]}" farhold_test_mpich_yield farhold_test_mpich_finalize
tests/lab/huge_pages.sh build/openmpi/tests/rma/rma_arena
tests/lab/slurm_jobs.sh
tests/lab/dispatcher_wire.sh build/openmpi/examples/gray_scott/gray_scott mpirun.openmpi
tests/lab/ucx_hosts.sh build/openmpi/transports/ucx/tests/farhold_ucx_peer
for network in ucx ofi; do
  tests/lab/cut.sh "$network" "build/openmpi/transports/$network/tests/farhold_${network}_peer" "$cut_rounds"
done
tests/lab/ucx_files.sh build/openmpi/tools/farhold "$large_file_mebibytes"
tests/lab/bench_hosts.sh build/openmpi/tools/farhold
tests/lab/ucx_rxe.sh build/openmpi/transports/ucx/tests/farhold_ucx_peer build/openmpi/tools/farhold
if $extended; then
  cmake --build --preset openmpi --target conformance_ucx conformance_ofi
  tests/lab/rxe_conformance.sh build/openmpi/tests/conformance/conformance_{ucx,ofi}
fi
