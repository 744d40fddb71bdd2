#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# Installs what building and testing farhold needs, from Debian's (12 or newer) packages. Installs nothing, and asks
# for no rights, if all of it is there.
set -euo pipefail

readonly packages=(
  # compilers, their tools, and the build
  build-essential clang clang-format clang-tidy libclang-rt-14-dev cmake ninja-build pkg-config git ccache
  # libraries
  libboost-dev libboost-serialization-dev libboost-mpi-dev libxxhash-dev libsodium-dev libssl-dev
  libopenmpi-dev openmpi-bin libmpich-dev mpich libucx-dev libfabric-dev
  # tests, tools, examples, benchmarks
  libgtest-dev libgmock-dev libbenchmark-dev libcli11-dev nlohmann-json3-dev libpng-dev libeigen3-dev libfmt-dev
  redis-server redis-tools openssl libhiredis-dev libhwloc-dev
  # plots and ratios of benchmarks
  python3 gnuplot-nox
  # scripts, the watchdog, counting instructions, the model of validation, and virtual hosts of the lab
  gdb valgrind shellcheck spin iproute2 procps util-linux nftables
  # Slurm, on virtual hosts of the lab
  slurm-wlm slurm-client slurmctld slurmd munge
  # what the command's manual page and completions are checked with
  mandoc zsh fish
  # the lab's guest with a verbs device
  qemu-system-x86 busybox-static cpio kmod rdma-core ibverbs-providers
)

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "install-deps.sh: this is not Debian or a relative of it; please install the equivalents of:" >&2
  printf '  %s\n' "${packages[*]}" >&2
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  if [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) != installed ]]; then
    missing+=("$package")
  fi
done
if ((${#missing[@]} == 0)); then
  echo "install-deps.sh: all ${#packages[@]} packages are there"
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "install-deps.sh: neither root nor sudo; please have these packages installed: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "install-deps.sh: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
