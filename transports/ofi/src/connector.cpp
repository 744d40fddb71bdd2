// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/ofi.hpp>

#include <string>
#include <string_view>

#include <farhold/registry.hpp>

#include "ofi_transport.hpp"
#include "rma/connector.hpp"
#include "rma/entrance.hpp"
#include "rma/scheme_options.hpp"
#include "survey.hpp"

namespace farhold::ofi {

namespace {

options options_of(uri& from) {
  options how;
  rma::take_options(from, how);
  if (const auto where = from.take("address")) how.address = *where;
  if (const auto name = from.take("provider")) how.provider = *name;
  from.finish();
  return how;
}

/// "ofi://", or the URI of a store there is, in a token say: then its producer is known from the start.
std::unique_ptr<farhold::connector> open(uri& from) {
  const std::string& rest = from.rest();
  rma::require_address("ofi", rest,
                       [](std::string_view text) { return rma::net_address::parse(text).has_value(); });
  auto made = connector(options_of(from));
  made->introduce("ofi://" + rest);
  return made;
}

}  // namespace

std::unique_ptr<farhold::connector> connector(const options& how) {
  const auto door = rma::entrance::of(how.address, how.secret, how.secret_file, how.admit);
  std::unique_ptr<transport> fabric = std::make_unique<detail::ofi_transport>(door, how.provider);
  if (how.decorate) fabric = how.decorate(std::move(fabric));
  return rma::make_connector(std::move(fabric), rma::engine_options(how));
}

}  // namespace farhold::ofi

/// Called by the core's registry when it is made, in programs that link this library.
extern "C" void farhold_ofi_add_schemes(farhold::registry& to) {
  using namespace farhold;
  to.add_scheme(
      "ofi", [](uri& from) { return ofi::open(from); }, rma::reach_by_environment(),
      [] { return ofi::detail::survey(rma::reach_by_environment() == reach::network); });
}
