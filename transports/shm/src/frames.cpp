// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "frames.hpp"

#include "detail/wire.hpp"

namespace farhold::shm::detail {

namespace {

constexpr std::array<std::byte, 2> magic = {std::byte{'F'}, std::byte{'S'}};

void put_head(wire::writer& to, frame::kind what) noexcept {
  to.put(magic);
  to.put(frame::version_value);
  to.put(static_cast<std::uint8_t>(what));
}

}  // namespace

frame::head frame::encode_head(kind what) noexcept {
  head bytes;
  wire::writer to(bytes.data());
  put_head(to, what);
  return bytes;
}

std::array<std::byte, frame::head_bytes + 8> frame::encode_hello(std::uint64_t incarnation) noexcept {
  std::array<std::byte, head_bytes + 8> bytes;
  wire::writer to(bytes.data());
  put_head(to, kind::hello);
  to.put(incarnation);
  return bytes;
}

std::array<std::byte, frame::head_bytes + 4> frame::encode_refusal(errc reason) noexcept {
  std::array<std::byte, head_bytes + 4> bytes;
  wire::writer to(bytes.data());
  put_head(to, kind::refusal);
  to.put(static_cast<std::int32_t>(reason));
  return bytes;
}

bool frame::decode(byte_view packet, frame& out) noexcept {
  if (packet.size() > max_bytes) return false;
  wire::reader from(packet);
  if (from.take<std::array<std::byte, 2>>() != magic || from.take<std::uint8_t>() != version_value)
    return false;
  const auto what = from.take<std::uint8_t>();
  if (!from.ok() || what < static_cast<std::uint8_t>(kind::hello) ||
      what > static_cast<std::uint8_t>(kind::message))
    return false;
  out.what = static_cast<kind>(what);
  switch (out.what) {
    case kind::hello: out.incarnation = from.take<std::uint64_t>(); break;
    case kind::refusal: {
      const auto reason = from.take<std::int32_t>();
      if (reason <= 0 || reason > static_cast<std::int32_t>(errc::transport_failure)) return false;
      out.reason = static_cast<errc>(reason);
      break;
    }
    case kind::welcome:
    case kind::message: out.payload = from.rest(); return from.ok();
  }
  return from.ok() && from.rest().empty();
}

}  // namespace farhold::shm::detail
