// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The control channel's wire over real sockets: packets of all sizes and in all pieces, and other ends that
// stop, end, or send what is no packet.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "detail/descriptor.hpp"
#include "rma/socket_wire.hpp"

namespace farhold::rma {
namespace {

using bytes = std::vector<std::byte>;
constexpr std::size_t head_bytes = control_frame::head_bytes;

bytes pattern(std::size_t size, int seed) {
  bytes made(size);
  for (std::size_t i = 0; i < size; ++i)
    made[i] = static_cast<std::byte>((i * 131 + static_cast<std::size_t>(seed)) >> 3U);
  return made;
}

/// A wire, and what it has told.
class end : public wire_listener {
 public:
  end() { EXPECT_TRUE(wire.open(where).ok()); }
  ~end() {
    for (link_number n = 1; n <= last; ++n) wire.hang_up(n, false);
  }

  link_number call(const net_address& to) {
    EXPECT_TRUE(wire.call(to.to_string(), ++last).ok());
    return last;
  }
  packet& post(link_number over, byte_view body) {
    packet& p = packets.emplace_back();
    p.head.fill(std::byte{0x48});
    p.front_bytes = static_cast<std::uint32_t>(std::min<std::size_t>(body.size(), 20));
    std::copy_n(body.begin(), p.front_bytes, p.front.begin());
    p.payload = body.subspan(p.front_bytes);
    EXPECT_TRUE(wire.post(over, p).ok());
    return p;
  }

  link_number on_call() noexcept override { return full ? 0 : ++last; }
  void on_packet(link_number from, byte_view head, byte_view body) noexcept override {
    heard_over = from;
    EXPECT_EQ(head.size(), head_bytes);
    heard.emplace_back(body.begin(), body.end());
  }
  void on_out(packet&, status outcome) noexcept override { (outcome.ok() ? sent : unsent)++; }
  void on_broken(link_number which, status why) noexcept override {
    broken.push_back(why);
    wire_to_hang_up.push_back(which);
  }
  void on_nonsense() noexcept override { ++nonsense; }

  void turn() {
    static_cast<void>(wire.turn(*this));
    for (const link_number n : std::exchange(wire_to_hang_up, {})) wire.hang_up(n, false);
  }

  net_address where{INADDR_LOOPBACK, 0};
  socket_wire wire;
  link_number last = 0, heard_over = 0;
  std::deque<packet> packets;
  std::vector<bytes> heard;
  std::vector<status> broken;
  std::vector<link_number> wire_to_hang_up;
  int sent = 0, unsent = 0, nonsense = 0;
  bool full = false;
};

/// Turns all of these until that is so, 20 s at most.
template <class... Ends>
testing::AssertionResult until(const std::function<bool()>& so, Ends&... ends) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!so()) {
    if (std::chrono::steady_clock::now() >= limit) return testing::AssertionFailure() << "20 s have passed";
    (ends.turn(), ...);
  }
  return testing::AssertionSuccess();
}

/// A socket in the test's own hands, connected to a wire.
class raw {
 public:
  explicit raw(const net_address& to) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = to.to_sockaddr();
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  void send(byte_view what) const {
    EXPECT_EQ(::send(fd_.get(), what.data(), what.size(), MSG_NOSIGNAL), static_cast<ssize_t>(what.size()));
  }
  void send_length(std::uint32_t length) const { send(std::as_bytes(std::span(&length, 1))); }
  void close() { static_cast<void>(fd_.close()); }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  detail::descriptor fd_;
};

TEST(socket_wire, carries_packets_of_all_sizes_both_ways_and_in_order) {
  end a, b;
  const link_number line = a.call(b.where);
  std::vector<bytes> all;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{20}, std::size_t{21},
                                 std::size_t{40'000}, socket_wire::max_body_bytes, std::size_t{3}})
    all.push_back(pattern(size, static_cast<int>(size)));
  for (const bytes& one : all) a.post(line, one);
  ASSERT_TRUE(until([&] { return b.heard.size() == all.size(); }, a, b));
  EXPECT_EQ(b.heard, all);
  const link_number back = b.heard_over;
  for (const bytes& one : all) b.post(back, one);
  ASSERT_TRUE(until([&] { return a.heard.size() == all.size() && b.sent == 7; }, a, b));
  EXPECT_EQ(a.heard, all);
  EXPECT_EQ(a.sent, 7);
  EXPECT_TRUE(a.broken.empty() && b.broken.empty());
  EXPECT_EQ(a.nonsense + b.nonsense, 0);
}

TEST(socket_wire, puts_packets_together_from_pieces) {
  end a;
  const raw other(a.where);
  const bytes head(head_bytes, std::byte{0x48}), body = pattern(100, 1);
  const auto length = static_cast<std::uint32_t>(head.size() + body.size());
  bytes all(sizeof length);
  std::memcpy(all.data(), &length, sizeof length);
  all.insert(all.end(), head.begin(), head.end());
  all.insert(all.end(), body.begin(), body.end());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_TRUE(a.heard.empty());
    other.send(byte_view(all).subspan(i, 1));
    a.turn();
  }
  ASSERT_TRUE(until([&] { return a.heard.size() == 1; }, a));
  EXPECT_EQ(a.heard[0], body);
  // Several in one piece, and half of one.
  bytes many;
  for (int i = 0; i < 3; ++i) many.insert(many.end(), all.begin(), all.end());
  many.insert(many.end(), all.begin(), all.begin() + 50);
  other.send(many);
  ASSERT_TRUE(until([&] { return a.heard.size() == 4; }, a));
  other.send(byte_view(all).subspan(50));
  ASSERT_TRUE(until([&] { return a.heard.size() == 5; }, a));
  EXPECT_EQ(a.heard[4], body);
}

TEST(socket_wire, hangs_up_on_lengths_that_cannot_be) {
  for (const std::uint32_t length :
       {std::uint32_t{1}, static_cast<std::uint32_t>(head_bytes - 1),
        static_cast<std::uint32_t>(head_bytes + socket_wire::max_body_bytes + 1), 0x7FFF'FFFFU, ~0U}) {
    end a;
    const raw other(a.where);
    other.send_length(length);
    ASSERT_TRUE(until([&] { return !a.broken.empty(); }, a)) << length;
    EXPECT_EQ(a.broken[0].code, errc::corrupt) << length;
    EXPECT_EQ(a.nonsense, 1) << length;
  }
}

TEST(socket_wire, sees_an_end_in_the_middle_of_a_packet) {
  end a;
  raw other(a.where);
  other.send_length(head_bytes + 1000);
  other.send(pattern(500, 1));
  for (int i = 0; i < 10; ++i) a.turn();
  EXPECT_TRUE(a.broken.empty());
  other.close();
  ASSERT_TRUE(until([&] { return !a.broken.empty(); }, a));
  EXPECT_EQ(a.broken[0].code, errc::producer_lost);
  EXPECT_TRUE(a.heard.empty());
  EXPECT_EQ(a.nonsense, 0);
}

TEST(socket_wire, waits_for_one_that_reads_nothing_and_never_blocks) {
  end a, b;
  const raw stopped(a.where);
  ASSERT_TRUE(until([&] { return a.last == 1; }, a));
  const bytes much = pattern(socket_wire::max_body_bytes, 7);
  constexpr int count = 64;  // 16 MiB, more than the kernel takes
  for (int i = 0; i < count; ++i) a.post(1, much);
  for (int i = 0; i < 100; ++i) a.turn();
  EXPECT_LT(a.sent, count);
  // Others are served meanwhile.
  const link_number line = a.call(b.where);
  a.post(line, much);
  ASSERT_TRUE(until([&] { return b.heard.size() == 1; }, a, b));
  EXPECT_LT(a.sent, count);
  // Once it reads, all goes out; every byte in its place.
  bytes got(count * (4 + head_bytes + much.size()));
  std::size_t at = 0;
  ASSERT_TRUE(until(
      [&] {
        const ssize_t some = ::recv(stopped.fd(), got.data() + at, got.size() - at, MSG_DONTWAIT);
        if (some > 0) at += static_cast<std::size_t>(some);
        return at == got.size() && a.sent == count + 1;
      },
      a));
  const std::size_t last = got.size() - much.size();
  EXPECT_TRUE(std::equal(much.begin(), much.end(), got.begin() + static_cast<std::ptrdiff_t>(last)));
}

TEST(socket_wire, gives_back_what_never_went_out) {
  end a;
  const raw stopped(a.where);
  ASSERT_TRUE(until([&] { return a.last == 1; }, a));
  const bytes much = pattern(socket_wire::max_body_bytes, 7);
  for (int i = 0; i < 64; ++i) a.post(1, much);
  a.wire.hang_up(1, false);
  a.turn();
  EXPECT_EQ(a.sent + a.unsent, 64);
  EXPECT_GT(a.unsent, 0);
}

TEST(socket_wire, sends_the_last_words_of_one_that_closes) {
  end b;
  {
    end a;
    const link_number line = a.call(b.where);
    ASSERT_TRUE(until([&] { return b.last == 1; }, a, b));
    b.post(1, pattern(10, 3));  // which a does not read
    b.turn();
    a.turn();
    a.post(line, pattern(1000, 4));
    a.wire.hang_up(line, true);
  }
  ASSERT_TRUE(until([&] { return !b.broken.empty(); }, b));
  ASSERT_EQ(b.heard.size(), 1U);
  EXPECT_EQ(b.heard[0], pattern(1000, 4));
}

TEST(socket_wire, tells_why_nobody_is_there) {
  end a;
  net_address nobody;
  {
    end gone;
    nobody = gone.where;
  }
  const status s = a.wire.call(nobody.to_string(), 1);
  if (s.ok()) {
    ASSERT_TRUE(until([&] { return !a.broken.empty(); }, a));
    EXPECT_EQ(a.broken[0].code, errc::producer_lost);
    EXPECT_EQ(a.broken[0].native, ECONNREFUSED);
  } else {
    EXPECT_EQ(s.code, errc::producer_lost);
  }
  EXPECT_EQ(a.wire.call("no address", 2).code, errc::corrupt);
}

TEST(socket_wire, says_that_it_has_no_room) {
  end a, b;
  b.full = true;
  static_cast<void>(a.call(b.where));
  ASSERT_TRUE(until([&] { return !a.broken.empty(); }, a, b));
  EXPECT_EQ(a.broken[0].code, errc::unreachable);
}

TEST(socket_wire, turns_callers_away_when_there_are_no_descriptors) {
  end a, b;
  const link_number line = a.call(b.where);  // its socket is there before they run out
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  std::vector<detail::descriptor> all;
  rlimit low = before;
  low.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  for (int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC); fd >= 0;
       fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC))
    all.emplace_back(fd);
  const auto told = until([&] { return !a.broken.empty(); }, a, b);
  all.clear();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(told);
  EXPECT_EQ(a.broken[0].code, errc::unreachable);
  EXPECT_EQ(b.last, 0U);
  EXPECT_EQ(line, 1U);
  static_cast<void>(a.call(b.where));
  ASSERT_TRUE(until([&] { return b.last == 1; }, a, b));
}

TEST(socket_wire, has_an_event_for_all_that_comes) {
  end a, b;
  const auto calls = [](const end& one) {
    pollfd event{one.wire.event_fd(), POLLIN, 0};
    return ::poll(&event, 1, 0) == 1;
  };
  EXPECT_FALSE(calls(a));
  const link_number line = a.call(b.where);
  ASSERT_TRUE(until([&] { return calls(b); }));
  ASSERT_TRUE(until([&] { return b.last == 1 && !calls(a) && !calls(b); }, a, b));
  a.post(line, pattern(100, 1));
  EXPECT_FALSE(a.wire.arm()) << "that it is out has not been told";
  ASSERT_TRUE(until([&] { return a.wire.arm(); }, a));
  ASSERT_TRUE(until([&] { return calls(b); }));
  ASSERT_TRUE(until([&] { return b.heard.size() == 1 && !calls(b); }, b));
  EXPECT_TRUE(b.wire.arm());
}

}  // namespace
}  // namespace farhold::rma
