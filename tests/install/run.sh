#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# Installs farhold and uses it from outside: find_package, pkg-config, add_subdirectory; static and shared, with each
# MPI; from a tree that was moved after it was installed. What must not work has to fail with a message that helps.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root consumer=$root/tests/install/consumer
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# As in cmake/FarholdTesting.cmake: root, more ranks than cores.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

# The variants compile the same sources in different directories.
export CCACHE_NOHASHDIR=1

say() { echo "== install: $*"; }

# run_consumers DIRECTORY MPI
run_consumers() {
  "$1/core_consumer"
  timeout -k 5 60 "mpiexec.$2" -n 2 "$1/mpi_consumer"
}

# install_farhold VARIANT MPI SHARED: to $scratch/VARIANT/moved
install_farhold() {
  say "$1: build and install"
  cmake -S "$root" -B "$scratch/$1/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DBUILD_SHARED_LIBS="$3" \
    -DFARHOLD_MPI=ON -DMPI_EXECUTABLE_SUFFIX=".$2" -DFARHOLD_BUILD_TESTS=OFF -DFARHOLD_BUILD_EXAMPLES=OFF \
    -DFARHOLD_BUILD_BENCHMARKS=OFF -DCMAKE_INSTALL_PREFIX=/nonexistent
  cmake --build "$scratch/$1/build"
  cmake --install "$scratch/$1/build" --prefix "$scratch/$1/installed"
  mv "$scratch/$1/installed" "$scratch/$1/moved"
}

# by_find_package VARIANT MPI
by_find_package() {
  say "$1: find_package"
  cmake -S "$consumer" -B "$scratch/$1/package" -G Ninja -DCMAKE_PREFIX_PATH="$scratch/$1/moved" \
    -DMPI_EXECUTABLE_SUFFIX=".$2"
  cmake --build "$scratch/$1/package"
  run_consumers "$scratch/$1/package" "$2"
}

# by_pkg_config VARIANT MPI
by_pkg_config() {
  say "$1: pkg-config"
  local pc libraries flags
  pc=$(find "$scratch/$1/moved" -name farhold.pc)
  libraries=$(dirname "$(dirname "$pc")")
  export PKG_CONFIG_PATH=${pc%/*}
  mkdir "$scratch/$1/by_pkg_config"
  read -ra flags <<<"$(pkg-config --cflags --libs farhold)"
  c++ -std=c++20 "$consumer/core_consumer.cpp" -o "$scratch/$1/by_pkg_config/core_consumer" "${flags[@]}"
  read -ra flags <<<"$(pkg-config --cflags --libs farhold-mpi)"
  c++ -std=c++20 "$consumer/mpi_consumer.cpp" -o "$scratch/$1/by_pkg_config/mpi_consumer" "${flags[@]}"
  LD_LIBRARY_PATH=$libraries run_consumers "$scratch/$1/by_pkg_config" "$2"
}

by_add_subdirectory() {
  say "add_subdirectory"
  cmake -S "$consumer" -B "$scratch/subdirectory" -G Ninja -DFARHOLD_SOURCE_DIR="$root" \
    -DMPI_EXECUTABLE_SUFFIX=.openmpi
  cmake --build "$scratch/subdirectory"
  run_consumers "$scratch/subdirectory" openmpi
}

# must_fail WHAT MESSAGE COMMAND...: the command fails and says MESSAGE (a regular expression; line ends are blanks).
must_fail() {
  local what=$1 message=$2
  shift 2
  say "must fail: $what"
  if "$@" >"$scratch/out" 2>&1; then
    cat "$scratch/out"
    say "$what worked and should not have"
    exit 1
  fi
  if ! tr -s '\n ' '  ' <"$scratch/out" | grep -qE "$message"; then
    cat "$scratch/out"
    say "the message does not say '$message'"
    exit 1
  fi
}

refusals() {
  must_fail "another MPI than farhold's" 'farhold::mpi was built with Open MPI, but here is MPICH' \
    cmake -S "$consumer" -B "$scratch/other-mpi" -DCMAKE_PREFIX_PATH="$scratch/static/moved" \
    -DMPI_EXECUTABLE_SUFFIX=.mpich
  must_fail "a component that was not installed" "without its transport 'carrier_pigeon'" \
    cmake -S "$consumer" -B "$scratch/no-component" -DCMAKE_PREFIX_PATH="$scratch/static/moved" \
    -DCONSUMER_COMPONENTS=carrier_pigeon
  must_fail "the library of one MPI and the launcher of another" 'starts programs of Open MPI' \
    cmake -S "$root" -B "$scratch/launcher" -DMPI_CXX_COMPILER=/usr/bin/mpicxx.mpich \
    -DMPIEXEC_EXECUTABLE=/usr/bin/mpiexec.openmpi
  must_fail "FARHOLD_MPI=ON without an MPI" 'FARHOLD_MPI=ON, but no MPI for C\+\+ was found' \
    cmake -S "$root" -B "$scratch/no-mpi" -DFARHOLD_MPI=ON -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON
}

install_farhold static openmpi OFF
by_find_package static openmpi
by_pkg_config static openmpi
refusals
install_farhold shared openmpi ON
by_find_package shared openmpi
by_pkg_config shared openmpi
install_farhold mpich mpich OFF
by_find_package mpich mpich
by_pkg_config mpich mpich
by_add_subdirectory
say "passed"
