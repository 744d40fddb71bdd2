// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Bytes that come over a socket, in pieces: the packets that a line of the control channel makes of them are
// those that a second look at the same bytes finds, and sent again they are the same bytes. The first byte of
// the input says how large the pieces are.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "rma/socket_line.hpp"

namespace {

using farhold::byte_view;
using namespace farhold::rma;

constexpr std::size_t length_bytes = 4;
/// More than this the kernel might not take at once.
constexpr std::size_t longest_input = 16384;

struct socket_pair {
  socket_pair() {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) std::abort();
  }
  std::array<int, 2> ends{};
};

/// The same that the line does, with all bytes at hand: packets, and whether something came that cannot be.
struct second_look {
  explicit second_look(byte_view all) {
    while (all.size() >= length_bytes) {
      std::uint32_t length = 0;
      std::memcpy(&length, all.data(), length_bytes);
      no_room = length == 0;
      nonsense = !no_room && (length < control_frame::head_bytes ||
                              length > control_frame::head_bytes + socket_line::max_body_bytes);
      if (no_room || nonsense || all.size() - length_bytes < length) return;
      packets.push_back(all.subspan(length_bytes, length));
      all = all.subspan(length_bytes + length);
      used += length_bytes + length;
    }
  }
  std::vector<byte_view> packets;
  std::size_t used = 0;
  bool no_room = false, nonsense = false;
};

class listener final : public wire_listener {
 public:
  link_number on_call() noexcept override { return 0; }
  void on_packet(link_number, byte_view head, byte_view body) noexcept override {
    if (head.size() != control_frame::head_bytes) std::abort();
    std::vector<std::byte>& one = packets.emplace_back(head.begin(), head.end());
    one.insert(one.end(), body.begin(), body.end());
  }
  void on_out(packet&, farhold::status) noexcept override {}
  void on_broken(link_number, farhold::status) noexcept override {}
  void on_nonsense() noexcept override { ++nonsense; }

  std::vector<std::vector<std::byte>> packets;
  int nonsense = 0;
};

/// Whether the line still lives.
bool receive(byte_view bytes, std::size_t piece_bytes, listener& told) {
  const socket_pair sockets;
  socket_line line(sockets.ends[0], 1);
  bool lives = true;
  while (lives && !bytes.empty()) {
    const byte_view piece = bytes.first(std::min(bytes.size(), piece_bytes));
    if (::write(sockets.ends[1], piece.data(), piece.size()) != static_cast<ssize_t>(piece.size()))
      std::abort();
    bytes = bytes.subspan(piece.size());
    lives = line.receive(told).ok();
  }
  // One call receives some of what there is, and the last of it says that there is nothing.
  for (int i = 0; lives && i < 4; ++i) lives = line.receive(told).ok();
  ::close(sockets.ends[1]);
  return lives;
}

/// What goes out for these packets, which are parted as the channel does.
std::vector<std::byte> sent_again(const std::vector<std::vector<std::byte>>& all) {
  const socket_pair sockets;
  socket_line line(sockets.ends[0], 1);
  std::deque<packet> packets;
  packet_queue finished;
  for (const std::vector<std::byte>& one : all) {
    packet& p = packets.emplace_back();
    const byte_view body = byte_view(one).subspan(control_frame::head_bytes);
    std::copy_n(one.begin(), control_frame::head_bytes, p.head.begin());
    p.front_bytes = static_cast<std::uint32_t>(std::min(body.size(), p.front.size()));
    std::copy_n(body.begin(), p.front_bytes, p.front.begin());
    p.payload = body.subspan(p.front_bytes);
    line.post(p, finished);
  }
  std::vector<std::byte> got(longest_input);
  const ssize_t count = ::read(sockets.ends[1], got.data(), got.size());
  got.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  ::close(sockets.ends[1]);
  return got;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > longest_input) return 0;
  const byte_view bytes = std::as_bytes(std::span(data, size)).subspan(1);
  const second_look expected(bytes);
  listener told;
  const bool lives = receive(bytes, 1 + data[0] * std::size_t{4}, told);
  if (lives == (expected.no_room || expected.nonsense)) std::abort();
  if (told.nonsense != (expected.nonsense ? 1 : 0)) std::abort();
  const auto same = [](const std::vector<std::byte>& a, byte_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  };
  if (!std::equal(told.packets.begin(), told.packets.end(), expected.packets.begin(), expected.packets.end(),
                  same))
    std::abort();
  if (!same(sent_again(told.packets), bytes.first(expected.used))) std::abort();
  return 0;
}
