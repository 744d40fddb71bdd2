// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The suite over UCX, between independent processes: --np=1|2|3 --path=mapped|cma|service|window.
// `window` needs an InfiniBand-class device (tests/lab).
#include <farhold/ucx.hpp>

#include "spawned_main.hpp"

int main(int argc, char** argv) {
  using farhold::path;
  using farhold::ucx::hardware_use;
  const auto connect = [](path way, std::uint64_t capacity_bytes) {
    farhold::ucx::options how;
    how.arena_bytes = capacity_bytes;
    if (way == path::cma) how.same_host = farhold::same_host::cma;
    if (way == path::service || way == path::window) how.same_host = farhold::same_host::off;
    how.hardware = way == path::window ? hardware_use::require : hardware_use::off;
    return farhold::ucx::connector(how);
  };
  return farhold::conformance::run_spawned(
      argc, argv, {"ucx", {path::mapped, path::cma, path::service, path::window}, connect});
}
