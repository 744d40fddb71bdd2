// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "offer.hpp"

#include "detail/wire.hpp"

namespace farhold::ucx::detail {

namespace {

constexpr std::uint32_t version_value = 1;
constexpr std::size_t fixed_bytes = 24;

}  // namespace

std::vector<std::byte> offer::encode() const {
  std::vector<std::byte> made(fixed_bytes + key.size() + address.size());
  wire::writer to(made.data());
  to.put(version_value);
  to.put(static_cast<std::uint16_t>(key.size()));
  to.put(static_cast<std::uint16_t>(address.size()));
  to.put(base);
  to.put(bytes);
  to.put_bytes(key);
  to.put_bytes(address);
  return made;
}

bool offer::decode(byte_view told, offer& out) {
  wire::reader in(told);
  const auto version = in.take<std::uint32_t>();
  const auto key_bytes = in.take<std::uint16_t>();
  const auto address_bytes = in.take<std::uint16_t>();
  out.base = in.take<std::uint64_t>();
  out.bytes = in.take<std::uint64_t>();
  if (version != version_value || key_bytes > longest_part || address_bytes > longest_part) return false;
  const byte_view packed = in.take_bytes(key_bytes), where = in.take_bytes(address_bytes);
  if (!in.ok() || !in.rest().empty() || packed.empty() || where.empty()) return false;
  if (out.base + out.bytes < out.base) return false;
  out.key.assign(packed.begin(), packed.end());
  out.address.assign(where.begin(), where.end());
  return true;
}

}  // namespace farhold::ucx::detail
