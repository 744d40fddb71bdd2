// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The suite over libfabric, between independent processes: --np=1|2|3 --path=mapped|cma|service|window
// [--provider=NAME], which is "tcp" unless said otherwise. 77: there is no such provider.
#include <algorithm>
#include <cstdio>
#include <string>

#include <farhold/ofi.hpp>

#include "spawned_group.hpp"
#include "spawned_main.hpp"

int main(int argc, char** argv) {
  using farhold::path;
  const std::string provider(
      farhold::conformance::spawned_group::argument(argc, argv, "provider").value_or("tcp"));
  const auto all = farhold::ofi::providers();
  if (std::ranges::none_of(all, [&](const auto& one) { return one.name.starts_with(provider); })) {
    std::printf("skipped: this libfabric has no provider '%s'\n", provider.c_str());
    return 77;
  }
  const auto connect = [&](path way, std::uint64_t capacity_bytes) {
    farhold::ofi::options how;
    how.arena_bytes = capacity_bytes;
    if (way == path::cma) how.same_host = farhold::same_host::cma;
    if (way == path::service || way == path::window) how.same_host = farhold::same_host::off;
    how.provider = way == path::window ? provider : "off";
    return farhold::ofi::connector(how);
  };
  return farhold::conformance::run_spawned(
      argc, argv, {"ofi." + provider, {path::mapped, path::cma, path::service, path::window}, connect});
}
