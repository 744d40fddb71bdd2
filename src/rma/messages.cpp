// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "messages.hpp"

#include "../detail/wire.hpp"

namespace farhold::rma {

namespace {

void put_head(wire::writer& to, message::kind what, std::uint64_t request) noexcept {
  to.put(message::version_value);
  to.put(static_cast<std::uint8_t>(what));
  to.put(std::array<std::byte, 6>{});
  to.put(request);
}

}  // namespace

std::array<std::byte, message::request_bytes> message::encode_request(kind what, std::uint64_t request,
                                                                      const ticket& object) noexcept {
  std::array<std::byte, request_bytes> bytes;
  wire::writer to(bytes.data());
  put_head(to, what, request);
  to.put(object.incarnation);
  to.put(object.generation);
  to.put(object.offset);
  to.put(object.arena);
  to.put(object.slot);
  to.put(object.length);
  to.put(object.type.value);
  return bytes;
}

std::array<std::byte, message::answer_bytes> message::encode_answer(std::uint64_t request,
                                                                    errc code) noexcept {
  std::array<std::byte, answer_bytes> bytes{};
  wire::writer to(bytes.data());
  put_head(to, kind::answer, request);
  to.put(static_cast<std::int32_t>(code));
  return bytes;
}

std::array<std::byte, message::fragment_head_bytes> message::encode_fragment_head(
    std::uint64_t request, std::uint64_t offset) noexcept {
  std::array<std::byte, fragment_head_bytes> bytes;
  wire::writer to(bytes.data());
  put_head(to, kind::fragment, request);
  to.put(offset);
  return bytes;
}

status message::decode(byte_view bytes, message& out) noexcept {
  wire::reader from(bytes);
  if (from.take<std::uint8_t>() != version_value) return {errc::unsupported, 0, "read a message's version"};
  const auto what = from.take<std::uint8_t>();
  static_cast<void>(from.take_bytes(6));
  out.request = from.take<std::uint64_t>();
  switch (static_cast<kind>(what)) {
    case kind::read:
    case kind::exists:
    case kind::evict:
      out.object.incarnation = from.take<std::uint64_t>();
      out.object.generation = from.take<std::uint64_t>();
      out.object.offset = from.take<std::uint64_t>();
      out.object.arena = from.take<std::uint32_t>();
      out.object.slot = from.take<std::uint32_t>();
      out.object.length = from.take<std::uint64_t>();
      out.object.type.value = from.take<std::uint64_t>();
      break;
    case kind::answer: {
      const auto code = from.take<std::int32_t>();
      if (code < 0 || code > static_cast<std::int32_t>(errc::transport_failure)) {
        return {errc::corrupt, 0, "read an answer's code"};
      }
      out.code = static_cast<errc>(code);
      break;
    }
    case kind::fragment:
      out.offset = from.take<std::uint64_t>();
      out.payload = from.rest();
      break;
    default: return {errc::corrupt, 0, "read a message's kind"};
  }
  if (!from.ok()) return {errc::truncated, 0, "read a message"};
  out.what = static_cast<kind>(what);
  const bool request = out.what != kind::answer && out.what != kind::fragment;
  // 0 is what blocks have that hold no object: as a ticket it would match them all.
  if (request && out.object.generation == 0)
    return {errc::corrupt, 0, "read a request: it names no generation"};
  return {};
}

}  // namespace farhold::rma
