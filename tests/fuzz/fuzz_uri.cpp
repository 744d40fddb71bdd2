// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstdint>
#include <string_view>

#include <farhold/error.hpp>
#include <farhold/uri.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    farhold::uri address(text);
    static_cast<void>(address.take_bytes("arena"));
    static_cast<void>(address.take_time("timeout"));
    static_cast<void>(address.take_switch("window"));
    static_cast<void>(address.take("path"));
    address.finish();
  } catch (const farhold::error&) {
  }
  return 0;
}
