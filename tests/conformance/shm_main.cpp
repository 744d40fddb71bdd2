// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The suite over shared memory, between independent processes: --np=1|2|3 --path=mapped|cma|service.
#include <farhold/shm.hpp>

#include "spawned_main.hpp"

int main(int argc, char** argv) {
  using farhold::path;
  const auto connect = [](path way, std::uint64_t capacity_bytes) {
    farhold::shm::options how;
    how.arena_bytes = capacity_bytes;
    if (way == path::cma) how.same_host = farhold::same_host::cma;
    if (way == path::service) how.same_host = farhold::same_host::off;
    return farhold::shm::connector(how);
  };
  return farhold::conformance::run_spawned(argc, argv,
                                           {"shm", {path::mapped, path::cma, path::service}, connect});
}
