// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Archives: whatever comes in, reading gives an object or throws farhold::error, and takes no more memory
// than the bytes may stand for. An object that was read is written and read again, and then is as long as it
// was.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "subjects.hpp"

namespace {

std::vector<std::byte> written(const fuzz::rich& object) {
  std::vector<std::byte> bytes(farhold::serializer<fuzz::rich>::size_bytes(object));
  farhold::serializer<fuzz::rich>::write(object, bytes);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::rich object;
  try {
    object = farhold::serializer<fuzz::rich>::read(std::as_bytes(std::span(data, size)));
  } catch (const farhold::error&) {
    return 0;
  }
  const std::vector<std::byte> once = written(object);
  const std::vector<std::byte> twice = written(farhold::serializer<fuzz::rich>::read(once));
  if (once.size() != twice.size()) std::abort();
  return 0;
}
