// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The process behind peer.hpp, with libfabric. One more thing to tell it:
//
//   open hold=POINT:N:provider=NAME   as "open ofi://?same_host=off&provider=NAME", and stops when it comes
//   to
//                                     POINT (held_transport.hpp) for the N-th time
#include <memory>
#include <string>

#include <farhold/ofi.hpp>

#include "network/held_transport.hpp"
#include "support/peer_commands.hpp"

namespace {

farhold::store open(const std::string& how) {
  const auto options = farhold::test::hold::set(how);
  if (!options) return farhold::test::open_by_uri(how);
  auto connector =
      farhold::ofi::connector({.provider = options->substr(options->find('=') + 1),
                               .same_host = farhold::same_host::off,
                               .decorate = [](std::unique_ptr<farhold::transport> inner) {
                                 return std::make_unique<farhold::test::held_transport>(std::move(inner));
                               }});
  return {"shared", std::move(connector), farhold::test::peer_store};
}

}  // namespace

int main() { return farhold::test::obey_commands(&open); }
