// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Tokens, as bytes and as text: whatever comes in, decoding succeeds or throws farhold::error. What decodes
// is encoded again to the same bytes. Random bytes rarely have the right checksum, so that the input is tried
// once as it is and once with the checksum mended.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <xxhash.h>

#include <farhold/factory.hpp>

namespace {

void try_bytes(farhold::byte_view token) {
  try {
    const farhold::store_factory from = farhold::store_factory::decode(token);
    const farhold::token_form form = token[4] == std::byte{0} || token[4] == std::byte{2}
                                         ? farhold::token_form::compact
                                         : farhold::token_form::portable;
    std::vector<std::byte> again(from.encoded_bytes(form));
    from.encode(form, again);
    if (!std::equal(again.begin(), again.end(), token.begin(), token.end())) std::abort();
  } catch (const farhold::error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const farhold::byte_view bytes = std::as_bytes(std::span(data, size));
  try_bytes(bytes);

  std::vector<std::byte> mended = {std::byte{0x7E}, std::byte{0x1A}, std::byte{0x25}, std::byte{1}};
  mended.insert(mended.end(), bytes.begin(), bytes.end());
  const auto check = static_cast<std::uint32_t>(XXH3_64bits(mended.data(), mended.size()));
  const farhold::byte_view tail = std::as_bytes(std::span(&check, 1));
  mended.insert(mended.end(), tail.begin(), tail.end());
  try_bytes(mended);

  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (farhold::store_factory::from_text(text).to_text() != text) std::abort();
  } catch (const farhold::error&) {
  }
  return 0;
}
