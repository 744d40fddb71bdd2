// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// URIs, which travel in tokens, as each kind of store reads them.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <farhold/error.hpp>
#include <farhold/uri.hpp>

#include "file/src/uri_path.hpp"
#include "multi/src/description.hpp"
#include "multi/src/place.hpp"
#include "ofi/include/farhold/ofi.hpp"
#include "redis/src/address.hpp"
#include "rma/net_address.hpp"
#include "rma/scheme_options.hpp"
#include "shm/src/whereabouts.hpp"

namespace {

/// What is wrong with a URI is an `error` and nothing else.
template <class Read>
void try_to(Read&& read) {
  try {
    read();
  } catch (const farhold::error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace farhold;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_to([&] {
    uri address(text);
    static_cast<void>(address.take_bytes("arena"));
    static_cast<void>(address.take_time("timeout"));
    static_cast<void>(address.take_switch("window"));
    static_cast<void>(address.take("path"));
    address.finish();
  });
  try_to([&] {
    uri address(text);
    static_cast<void>(redis::uri_of(redis::options_of(address)));
  });
  try_to([&] {
    uri address(text);
    static_cast<void>(multi::description::take_from(address));
  });
  try_to([&] {
    if (multi::decoded(multi::encoded(text)) != text) std::abort();
    const std::string path = file::from_uri_path(text);
    if (file::from_uri_path(file::to_uri_path(path)) != path) std::abort();
  });
  // What the networks share.
  try_to([&] {
    uri address(text);
    ofi::options how;
    rma::take_options(address, how);
    rma::require_address("ofi", address.rest(),
                         [](std::string_view at) { return rma::net_address::parse(at).has_value(); });
  });
  try_to([&] { static_cast<void>(rma::listening_address(text, false)); });
  if (const auto where = rma::net_address::parse(text)) {
    if (rma::net_address::parse(where->to_string()) != where) std::abort();
  }
  if (const auto where = shm::detail::whereabouts::parse(text)) {
    if (shm::detail::whereabouts::parse(where->to_string()) != where) std::abort();
  }
  return 0;
}
