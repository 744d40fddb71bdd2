// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "control_frames.hpp"

#include <algorithm>
#include <cstring>

#include "../detail/wire.hpp"

namespace farhold::rma {

namespace {

constexpr std::array<std::byte, 2> magic = {std::byte{'F'}, std::byte{'C'}};

/// What a tag is over.
class sealed_part {
 public:
  sealed_part(byte_view head, byte_view front, byte_view payload) noexcept {
    wire::writer to(bytes_.data());
    to.put_bytes(head.first(control_frame::unsealed_head_bytes));
    to.put(static_cast<std::uint64_t>(front.size() + payload.size()));
    const byte_view first = front.first(std::min(front.size(), control_frame::sealed_bytes));
    to.put_bytes(first);
    to.put_bytes(payload.first(std::min(payload.size(), control_frame::sealed_bytes - first.size())));
    size_ = static_cast<std::size_t>(to.end() - bytes_.data());
  }
  [[nodiscard]] byte_view view() const noexcept { return byte_view(bytes_).first(size_); }

 private:
  std::array<std::byte, control_frame::unsealed_head_bytes + 8 + control_frame::sealed_bytes> bytes_;
  std::size_t size_;
};

}  // namespace

control_frame::head_span control_frame::encode(kind what, std::uint32_t to, std::uint64_t number,
                                               const handshake* keys, byte_view front,
                                               byte_view payload) noexcept {
  head_span bytes{};
  wire::writer out(bytes.data());
  out.put(magic);
  out.put(version_value);
  out.put(static_cast<std::uint8_t>(what));
  out.put(to);
  out.put(number);
  if (keys != nullptr) out.put(keys->tag_to_send(sealed_part(bytes, front, payload).view()));
  return bytes;
}

bool control_frame::decode(byte_view head, control_frame& out) noexcept {
  if (head.size() != head_bytes) return false;
  wire::reader from(head);
  if (from.take<std::array<std::byte, 2>>() != magic || from.take<std::uint8_t>() != version_value)
    return false;
  const auto what = from.take<std::uint8_t>();
  if (what < static_cast<std::uint8_t>(kind::hello) || what > static_cast<std::uint8_t>(kind::greeting))
    return false;
  out.what = static_cast<kind>(what);
  out.to = from.take<std::uint32_t>();
  out.number = from.take<std::uint64_t>();
  out.tag = from.take<message_tag>();
  return from.ok();
}

bool control_frame::is_sealed(byte_view head, byte_view body, const control_frame& decoded,
                              const handshake& keys) noexcept {
  return keys.is_theirs(sealed_part(head, body, {}).view(), decoded.tag);
}

}  // namespace farhold::rma
