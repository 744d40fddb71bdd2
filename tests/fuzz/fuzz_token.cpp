// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Tokens, as bytes and as text: whatever comes in, decoding succeeds or throws farhold::error. What decodes
// is encoded again to the same bytes. Those of registered factories are read by a proxy. Random bytes rarely
// have the right checksum, so that the input is tried once as it is and once with the checksum mended.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <xxhash.h>

#include <farhold/factory.hpp>

#include "subjects.hpp"

namespace {

template <class T>
void try_proxy(farhold::byte_view token) {
  try {
    const auto p = farhold::proxy<T>::from_bytes(token);
    const std::vector<std::byte> again = p.to_bytes();
    if (!farhold::detail::is_named_factory(token)) return;
    if (farhold::proxy<T>::from_bytes(again).to_bytes() != again) std::abort();
  } catch (const farhold::error&) {
  }
}

void try_bytes(farhold::byte_view token) {
  try_proxy<std::vector<double>>(token);
  try_proxy<std::string>(token);
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
  static const bool once = (fuzz::register_factories(), true);
  static_cast<void>(once);
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
    const farhold::store_factory from = farhold::store_factory::from_text(text);
    if (farhold::detail::token_text(farhold::detail::token_bytes(text)) != text) std::abort();
    static_cast<void>(from);
  } catch (const farhold::error&) {
  }
  return 0;
}
