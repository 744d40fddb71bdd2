// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/ucx.hpp>

#include <string>
#include <string_view>

#include <farhold/registry.hpp>

#include "rma/connector.hpp"
#include "rma/entrance.hpp"
#include "rma/scheme_options.hpp"
#include "survey.hpp"
#include "ucx_transport.hpp"

namespace farhold::ucx {

namespace {

options options_of(uri& from) {
  static_assert(static_cast<int>(hardware_use::automatic) == 0 && static_cast<int>(hardware_use::off) == 1 &&
                static_cast<int>(hardware_use::require) == 2);
  options how;
  rma::take_options(from, how);
  if (const auto where = from.take("address")) how.address = *where;
  if (const auto choice = from.take_choice("hardware", {"automatic", "off", "require"}))
    how.hardware = static_cast<hardware_use>(*choice);
  from.finish();
  return how;
}

/// "ucx://", or the URI of a store there is, in a token say: then its producer is known from the start.
std::unique_ptr<farhold::connector> open(uri& from) {
  const std::string& rest = from.rest();
  rma::require_address("ucx", rest,
                       [](std::string_view text) { return rma::net_address::parse(text).has_value(); });
  auto made = connector(options_of(from));
  made->introduce("ucx://" + rest);
  return made;
}

}  // namespace

std::unique_ptr<farhold::connector> connector(const options& how) {
  const auto door = rma::entrance::of(how.address, how.secret, how.secret_file, how.admit);
  // Who has the arena's key can read all of it: not for everybody on this host.
  const bool may_offer = door.for_others || how.hardware == hardware_use::require;
  std::unique_ptr<transport> fabric = std::make_unique<detail::ucx_transport>(
      door.where, door.secret, may_offer ? how.hardware : hardware_use::off);
  if (how.decorate) fabric = how.decorate(std::move(fabric));
  return rma::make_connector(std::move(fabric), rma::engine_options(how));
}

}  // namespace farhold::ucx

/// Called by the core's registry when it is made, in programs that link this library.
extern "C" void farhold_ucx_add_schemes(farhold::registry& to) {
  using namespace farhold;
  to.add_scheme(
      "ucx", [](uri& from) { return ucx::open(from); }, rma::reach_by_environment(),
      [] { return ucx::detail::survey(rma::reach_by_environment() == reach::network); });
}
