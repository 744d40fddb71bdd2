// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "card.hpp"

#include "../detail/wire.hpp"

namespace farhold::rma {

std::array<std::byte, card::encoded_bytes> card::encode() const noexcept {
  std::array<std::byte, encoded_bytes> bytes{};
  wire::writer to(bytes.data());
  to.put(magic_value);
  to.put(version_value);
  to.put(incarnation);
  to.put(boot);
  to.put(start_time);
  to.put(base_address);
  to.put(segment_bytes);
  to.put(pid);
  to.put(fd);
  to.put(grace_ns);
  to.put(pid_namespace);
  return bytes;
}

status card::decode(byte_view bytes, card& out) noexcept {
  wire::reader from(bytes);
  if (from.take<std::uint32_t>() != magic_value) return {errc::corrupt, 0, "read a peer's card"};
  if (from.take<std::uint32_t>() != version_value) {
    return {errc::unsupported, 0, "read a peer's card: it is of another version of farhold"};
  }
  out.incarnation = from.take<std::uint64_t>();
  out.boot = from.take<boot_id>();
  out.start_time = from.take<std::uint64_t>();
  out.base_address = from.take<std::uint64_t>();
  out.segment_bytes = from.take<std::uint64_t>();
  out.pid = from.take<std::int32_t>();
  out.fd = from.take<std::int32_t>();
  out.grace_ns = from.take<std::uint64_t>();
  out.pid_namespace = from.take<std::uint64_t>();
  return from.ok() ? status{} : status{errc::truncated, 0, "read a peer's card"};
}

}  // namespace farhold::rma
