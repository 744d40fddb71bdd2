// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "offer.hpp"

#include <algorithm>

#include "detail/wire.hpp"
#include "providers.hpp"

namespace farhold::ofi::detail {

namespace {

constexpr std::uint32_t version = 1;
constexpr std::size_t head_bytes = 44;
constexpr std::size_t longest_name = 64;
constexpr std::size_t longest_address = 512;

/// Names are shown to people.
bool is_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= longest_name &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

offer offer::of(const fi_info& info) {
  offer made;
  made.provider = name_of(info);
  made.protocol = info.ep_attr->protocol;
  made.protocol_version = info.ep_attr->protocol_version;
  made.address_format = info.addr_format;
  return made;
}

bool offer::fits(const offer& mine) const noexcept {
  // libfabric takes as many bytes of an address as its format has, except where that is a text.
  const bool whole = address_format == FI_ADDR_STR || address.size() == mine.address.size();
  return whole && provider == mine.provider && protocol == mine.protocol &&
         protocol_version == mine.protocol_version && address_format == mine.address_format;
}

std::vector<std::byte> offer::encode() const {
  std::vector<std::byte> made(head_bytes + provider.size() + address.size());
  wire::writer to(made.data());
  to.put(version);
  to.put(protocol);
  to.put(protocol_version);
  to.put(address_format);
  to.put(base);
  to.put(bytes);
  to.put(key);
  to.put(static_cast<std::uint16_t>(provider.size()));
  to.put(static_cast<std::uint16_t>(address.size()));
  to.put_text(provider);
  to.put_bytes(address);
  return made;
}

bool offer::decode(byte_view told, offer& out) {
  wire::reader in(told);
  if (in.take<std::uint32_t>() != version) return false;
  out.protocol = in.take<std::uint32_t>();
  out.protocol_version = in.take<std::uint32_t>();
  out.address_format = in.take<std::uint32_t>();
  out.base = in.take<std::uint64_t>();
  out.bytes = in.take<std::uint64_t>();
  out.key = in.take<std::uint64_t>();
  const auto name_bytes = in.take<std::uint16_t>();
  const auto address_bytes = in.take<std::uint16_t>();
  if (name_bytes > longest_name || address_bytes > longest_address) return false;
  out.provider = in.take_text(name_bytes);
  const byte_view where = in.take_bytes(address_bytes);
  out.address.assign(where.begin(), where.end());
  return in.ok() && in.rest().empty() && is_name(out.provider) && address_bytes > 0 &&
         out.base + out.bytes >= out.base;
}

}  // namespace farhold::ofi::detail
