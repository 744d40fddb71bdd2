#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# Installs farhold and uses it from outside: find_package, pkg-config, add_subdirectory; static and shared, with each
# MPI; from a tree that was moved after it was installed. A connector of somebody else's passes the installed conformance
# suite. What must not work has to fail with a message that helps.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root consumer=$root/tests/install/consumer third_party=$root/tests/install/third_party
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# As in cmake/FarholdTesting.cmake: root, more ranks than cores.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

# farhold is built as the presets of its tests build it, in directories beside theirs: where they were built, what is
# compiled comes from ccache.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
readonly quick=(-G Ninja -DCMAKE_BUILD_TYPE=None)  # neither optimised nor with debug information: consumers

say() { echo "== install: $*"; }

# run_consumers DIRECTORY MPI
run_consumers() {
  "$1/core_consumer"
  "$1/redis_consumer"
  "$1/ucx_consumer"
  "$1/ofi_consumer"
  timeout -k 5 60 "mpiexec.$2" -n 2 "$1/mpi_consumer"
}

# install_farhold VARIANT MPI SHARED: as the preset MPI, to $scratch/VARIANT/moved
install_farhold() {
  say "$1: build and install"
  local build=$root/build/install-$1
  (cd "$root" && cmake --fresh --preset "$2" -B "$build" -DBUILD_SHARED_LIBS="$3" -DFARHOLD_UCX=ON -DFARHOLD_OFI=ON \
    -DFARHOLD_BUILD_TESTS=OFF -DFARHOLD_BUILD_EXAMPLES=OFF -DFARHOLD_BUILD_BENCHMARKS=OFF \
    -DCMAKE_INSTALL_PREFIX=/nonexistent)
  cmake --build "$build"
  cmake --install "$build" --prefix "$scratch/$1/installed"
  mv "$scratch/$1/installed" "$scratch/$1/moved"
  local here
  for here in "$root" "$scratch"; do
    if grep -rIlF "$here" "$scratch/$1/moved"; then
      say "these installed files name $here, which users do not have"
      exit 1
    fi
  done
}

# the_command VARIANT: it runs from the moved tree, and what is generated for it is beside it.
the_command() {
  say "$1: the command"
  local moved=$scratch/$1/moved
  "$moved/bin/farhold" info --json | grep -q '"default_store"'
  [[ $(echo moved | "$moved/bin/farhold" put --quiet --reads 1 - | "$moved/bin/farhold" get -) == moved ]]
  for file in man/man1/farhold.1 bash-completion/completions/farhold zsh/site-functions/_farhold fish/vendor_completions.d/farhold.fish; do
    test -s "$moved/share/$file"
  done
}

# by_find_package VARIANT MPI
by_find_package() {
  say "$1: find_package"
  cmake -S "$consumer" -B "$scratch/$1/package" "${quick[@]}" -DCMAKE_PREFIX_PATH="$scratch/$1/moved" \
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
  read -ra flags <<<"$(pkg-config --cflags --libs farhold-redis)"
  c++ -std=c++20 "$consumer/redis_consumer.cpp" -o "$scratch/$1/by_pkg_config/redis_consumer" "${flags[@]}"
  local network
  for network in ucx ofi; do
    read -ra flags <<<"$(pkg-config --cflags --libs "farhold-$network")"
    c++ -std=c++20 "-DSCHEME=\"$network\"" "$consumer/network_consumer.cpp" \
      -o "$scratch/$1/by_pkg_config/${network}_consumer" "${flags[@]}"
  done
  read -ra flags <<<"$(pkg-config --cflags --libs farhold-mpi)"
  c++ -std=c++20 "$consumer/mpi_consumer.cpp" -o "$scratch/$1/by_pkg_config/mpi_consumer" "${flags[@]}"
  LD_LIBRARY_PATH=$libraries run_consumers "$scratch/$1/by_pkg_config" "$2"
}

by_add_subdirectory() {
  say "add_subdirectory"
  cmake -S "$consumer" -B "$scratch/subdirectory" "${quick[@]}" -DFARHOLD_SOURCE_DIR="$root" \
    -DMPI_EXECUTABLE_SUFFIX=.openmpi -DFARHOLD_WERROR=ON -DCMAKE_UNITY_BUILD=ON
  cmake --build "$scratch/subdirectory"
  run_consumers "$scratch/subdirectory" openmpi

  say "add_subdirectory: the parent's BUILD_SHARED_LIBS, and no MPI"
  cmake -S "$consumer" -B "$scratch/subdirectory-core" "${quick[@]}" -DFARHOLD_SOURCE_DIR="$root" \
    -DBUILD_SHARED_LIBS=ON -DFARHOLD_MPI=OFF -DFARHOLD_WERROR=ON -DCMAKE_UNITY_BUILD=ON
  cmake --build "$scratch/subdirectory-core"
  "$scratch/subdirectory-core/core_consumer"
  test -e "$scratch/subdirectory-core/farhold/libfarhold.so"
  # Unless it asks for more (FARHOLD_INSTALL, FARHOLD_BUILD_*), a parent gets the libraries and nothing else.
  test ! -e "$scratch/subdirectory-core/mpi_consumer"
  cmake --install "$scratch/subdirectory-core" --prefix "$scratch/nothing"
  test ! -e "$scratch/nothing"
}

# Components are looked for when they are asked for.
without_mpi() {
  say "find_package on a machine without MPI"
  local components
  for components in "" "OPTIONAL_COMPONENTS;mpi"; do
    cmake --fresh -S "$consumer" -B "$scratch/without-mpi" "${quick[@]}" -DCMAKE_PREFIX_PATH="$scratch/static/moved" \
      -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON -DCONSUMER_COMPONENTS="$components"
  done
  cmake --build "$scratch/without-mpi"
  "$scratch/without-mpi/core_consumer"
}

# With the other compiler: the suite is compiled where it is used.
by_third_party() {
  say "a connector from outside, and the installed conformance suite"
  cmake -S "$third_party" -B "$scratch/third_party" "${quick[@]}" -DCMAKE_PREFIX_PATH="$scratch/static/moved" \
    -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror"
  cmake --build "$scratch/third_party"
  ctest --test-dir "$scratch/third_party" --output-on-failure --timeout 100 --no-tests=error
}

# docs/write-a-connector.md, as it stands there.
by_page() {
  say "the page about connectors, followed literally"
  mkdir "$scratch/page"
  # shellcheck disable=SC2016  # the backquotes are Markdown's
  sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$root/docs/write-a-connector.md" >"$scratch/page/steps"
  test "$(wc -l <"$scratch/page/steps")" -ge 6
  (cd "$scratch/page" && umask 022 && FARHOLD_SOURCE=$root CMAKE_PREFIX_PATH=$scratch/static/moved CMAKE_GENERATOR=Ninja \
    bash -euxo pipefail ./steps)
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
  must_fail "a component that was not installed" "without 'carrier_pigeon', and has: .*mpi.*conformance" \
    cmake -S "$consumer" -B "$scratch/no-component" -DCMAKE_PREFIX_PATH="$scratch/static/moved" \
    -DCONSUMER_COMPONENTS="COMPONENTS;carrier_pigeon"
  must_fail "a version that breaks its users" 'compatible with requested version "0.99"' \
    cmake -S "$consumer" -B "$scratch/other-version" -DCMAKE_PREFIX_PATH="$scratch/static/moved" \
    -DCONSUMER_VERSION=0.99
  must_fail "the conformance suite without GoogleTest" 'suite needs GoogleTest' \
    cmake -S "$third_party" -B "$scratch/no-gtest" -DCMAKE_PREFIX_PATH="$scratch/static/moved" \
    -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON
  must_fail "the library of one MPI and the launcher of another" 'starts programs of Open MPI' \
    cmake -S "$root" -B "$scratch/launcher" -DMPI_CXX_COMPILER=/usr/bin/mpicxx.mpich \
    -DMPIEXEC_EXECUTABLE=/usr/bin/mpiexec.openmpi
  must_fail "FARHOLD_MPI=ON without an MPI" 'FARHOLD_MPI=ON, but no MPI for C\+\+ was found' \
    cmake -S "$root" -B "$scratch/no-mpi" -DFARHOLD_MPI=ON -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON
}

install_farhold static openmpi OFF
the_command static
by_find_package static openmpi
by_pkg_config static openmpi
without_mpi
refusals
by_third_party
by_page
install_farhold shared openmpi ON
the_command shared
by_find_package shared openmpi
by_pkg_config shared openmpi
install_farhold mpich mpich OFF
by_find_package mpich mpich
by_pkg_config mpich mpich
by_add_subdirectory
say "passed"
