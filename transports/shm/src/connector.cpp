// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/shm.hpp>

#include <string>
#include <string_view>

#include <farhold/registry.hpp>

#include "rma/connector.hpp"
#include "rma/scheme_options.hpp"
#include "shm_transport.hpp"
#include "whereabouts.hpp"

namespace farhold::shm {

namespace {

/// "shm://", or the URI of a store there is, in a token say: then its producer is known from the start.
std::unique_ptr<farhold::connector> open(uri& from) {
  const std::string& rest = from.rest();
  rma::require_address("shm", rest,
                       [](std::string_view text) { return detail::whereabouts::parse(text).has_value(); });
  options how;
  rma::take_options(from, how);
  from.finish();
  auto made = connector(how);
  made->introduce("shm://" + rest);
  return made;
}

}  // namespace

std::unique_ptr<farhold::connector> connector(const options& how) {
  return rma::make_connector(std::make_unique<detail::shm_transport>(), rma::engine_options(how));
}

void add_schemes(registry& to) { to.add_scheme("shm", &open, reach::host); }

}  // namespace farhold::shm
