// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What arrives over connections, before anybody knows who has sent it: frames of the control channel and of
// shm.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "rma/control_frames.hpp"
#include "shm/src/frames.hpp"

namespace {

using farhold::byte_view;

void of_the_control_channel(byte_view packet) {
  using farhold::rma::control_frame;
  using farhold::rma::handshake;
  static const handshake keys({}, handshake::role::caller, 1, {}, {});
  const byte_view head = packet.first(std::min(packet.size(), control_frame::head_bytes));
  const byte_view body = packet.subspan(head.size());
  control_frame f;
  if (!control_frame::decode(head, f)) return;
  // Nobody has sealed with keys that only this process has.
  if (control_frame::is_sealed(head, body, f, keys)) std::abort();
  const auto again = control_frame::encode(f.what, f.to, f.number, nullptr, {}, {});
  if (!std::equal(again.begin(), again.begin() + control_frame::unsealed_head_bytes, head.begin()))
    std::abort();
}

void of_shm(byte_view packet) {
  using farhold::shm::detail::frame;
  frame f;
  if (!frame::decode(packet, f)) return;
  if (f.payload.size() > packet.size()) std::abort();
  if (f.what == frame::kind::refusal && f.reason == farhold::errc::ok) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const byte_view packet = std::as_bytes(std::span(data, size));
  of_the_control_channel(packet);
  of_shm(packet);
  return 0;
}
