// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Plug-ins, one good and the others each wrong in one way, by what this is compiled with.
#include <farhold/plugin.hpp>

#include <stdexcept>

#include <farhold/local.hpp>

namespace {

[[maybe_unused]] std::unique_ptr<farhold::connector> open([[maybe_unused]] farhold::uri& address) {
  if (address.take_switch("fail").value_or(false)) {
    throw farhold::error(farhold::errc::permission, "this plug-in was asked to fail");
  }
  if (address.take_switch("throw").value_or(false)) throw std::runtime_error("an exception of the plug-in's");
  if (address.take_switch("nothing").value_or(false)) return nullptr;
  return farhold::local::connector();
}

}  // namespace

#if defined(PLUGIN_SCHEMES)
FARHOLD_CONNECTOR_PLUGIN(PLUGIN_SCHEMES, open);
#elif defined(PLUGIN_DESCRIPTOR)
extern "C" {
extern const farhold::plugin_descriptor farhold_connector_plugin;
const farhold::plugin_descriptor farhold_connector_plugin = {
    PLUGIN_DESCRIPTOR, farhold::detail::library_version, "plugin", &farhold::detail::open_for_host<open>};
}
#else
extern "C" {
extern const int something_else;
const int something_else = sizeof(&open);
}
#endif
