#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# demo.sh [--mpi openmpi|mpich] [--ranks N] [-- OPTION ...]
#
# From a clean clone: installs the dependencies, builds, and runs examples/gray_scott on 5 ranks of this machine, by
# proxy and by value. Takes a minute or two after the build, and ends with what each rank had to do and the path of a
# contact sheet. The OPTIONs go to gray_scott, for example: demo.sh -- --seed-image picture.png
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  echo "usage: scripts/demo.sh [--mpi openmpi|mpich] [--ranks N] [-- OPTION ...]" >&2
  exit 2
}

preset=openmpi
ranks=5
while (($#)); do
  case $1 in
    --mpi | --ranks)
      (($# >= 2)) || usage
      if [[ $1 == --mpi ]]; then preset=$2; else ranks=$2; fi
      shift
      ;;
    --)
      shift
      break
      ;;
    *) usage ;;
  esac
  shift
done
[[ $preset == openmpi || $preset == mpich ]] || usage
[[ $ranks =~ ^[1-9][0-9]*$ ]] || usage

scripts/install-deps.sh
cmake --preset "$preset"
cmake --build --preset "$preset" --target gray_scott

# The launcher of the MPI it was built with: that of another MPI would start every rank alone.
launcher=$(sed -n 's/^MPIEXEC_EXECUTABLE:FILEPATH=//p' "build/$preset/CMakeCache.txt")

# Open MPI refuses to run as root, as containers do, and to run more ranks than there are cores; bound ranks could not
# give way to each other; and waiting ranks shall not take the cores of computing ones. MPICH reads none of these.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1

# The ranks' stderr is a pipe of the launcher, so they cannot see whether it ends in a terminal.
progress=sparse
if [[ -t 2 ]]; then progress=live; fi

output=build/$preset/demo
"$launcher" -n "$ranks" "build/$preset/examples/gray_scott/gray_scott" --parameters examples/gray_scott/demo.json \
  --output "$output" --report "$output.json" --progress "$progress" "$@"
