// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Strangers and liars at both ends of the socket, and tokens that name what is no store's memory.
#include <array>
#include <optional>
#include <random>

#include <poll.h>
#include <sys/mman.h>

#include <farhold/farhold.hpp>

#include <gmock/gmock.h>

#include "frames.hpp"
#include "rma/card.hpp"
#include "rma/messages.hpp"
#include "rma/segment.hpp"
#include "rma/ticket.hpp"
#include "socket.hpp"
#include "switchboard.hpp"
#include "ways.hpp"
#include "whereabouts.hpp"

namespace farhold::shm::test {
namespace {

using farhold::shm::detail::frame;
using socket_t = farhold::shm::detail::socket;
using bytes = std::vector<std::byte>;

rma::ticket ticket_of(const std::string& token) {
  rma::ticket t;
  EXPECT_TRUE(rma::ticket::from_key(store_factory::from_text(token).object(), t).ok());
  return t;
}

bool send(const socket_t& to, byte_view packet) {
  const iovec part{const_cast<std::byte*>(packet.data()), packet.size()};
  return to.send({&part, 1}) == socket_t::result::done;
}

/// The next packet; nothing if the other end has hung up, or says nothing for 10 s.
std::optional<bytes> receive(const socket_t& from) {
  bytes buffer(frame::max_bytes);
  pollfd ready{from.fd(), POLLIN, 0};
  std::size_t got = 0;
  if (::poll(&ready, 1, 10'000) != 1 || from.receive(buffer, got) != socket_t::result::done)
    return std::nullopt;
  buffer.resize(got);
  return buffer;
}

frame::kind kind_of(const std::optional<bytes>& packet) {
  frame f;
  return packet && frame::decode(*packet, f) ? f.what : frame::kind::hello;
}

class hostile_callers : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(producer.ask("open shm://?arena=16MiB"), "done");
    token = producer.ask("put 50000 1");
    object = ticket_of(token);
  }
  /// What was there before is there after.
  void TearDown() override {
    peer consumer;
    consumer.ask("open shm://?same_host=off");
    EXPECT_EQ(consumer.ask("resolve " + token + " 50000 1"), "ok");
  }
  [[nodiscard]] socket_t connect() const {
    socket_t line;
    EXPECT_TRUE(socket_t::connect(object.incarnation, line).ok());
    return line;
  }
  [[nodiscard]] socket_t greet() const {
    socket_t line = connect();
    EXPECT_TRUE(send(line, frame::encode_hello(object.incarnation)));
    EXPECT_EQ(kind_of(receive(line)), frame::kind::welcome);
    return line;
  }
  static bytes message(byte_view content) {
    const auto head = frame::encode_head(frame::kind::message);
    bytes all(head.begin(), head.end());
    all.insert(all.end(), content.begin(), content.end());
    return all;
  }
  int refused() { return std::stoi(producer.ask("count refused")); }
  /// Sends one packet first of all: it is refused, and the connection ended.
  void expect_refused(byte_view packet) {
    const int before = refused();
    const socket_t line = connect();
    ASSERT_TRUE(send(line, packet));
    for (std::optional<bytes> answer = receive(line); answer; answer = receive(line))
      EXPECT_EQ(kind_of(answer), frame::kind::refusal);
    EXPECT_EQ(refused(), before + 1);
  }

  peer producer;
  std::string token;
  rma::ticket object;
};

TEST_F(hostile_callers, who_do_not_say_hello_are_refused) {
  const auto hello = frame::encode_hello(object.incarnation);
  expect_refused(bytes(1));
  expect_refused(bytes(100, std::byte{0xFF}));
  expect_refused(byte_view(hello).first(6));
  expect_refused(frame::encode_hello(object.incarnation + 1));
  expect_refused(message(rma::message::encode_request(rma::message::kind::read, 1, object)));
  expect_refused(bytes(frame::max_bytes));
  expect_refused(bytes(frame::max_bytes + 1));
  bytes longer(hello.begin(), hello.end());
  longer.push_back({});
  expect_refused(longer);
  auto newer = hello;
  newer[2] = std::byte{99};
  expect_refused(newer);
}

TEST_F(hostile_callers, who_talk_nonsense_after_hello_are_counted) {
  const int before = refused();
  const socket_t line = greet();
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16}, std::size_t{60'000}})
    ASSERT_TRUE(send(line, message(bytes(size, std::byte{0x5A}))));
  rma::ticket outside = object;
  outside.offset = ~std::uint64_t{0} - 63;
  ASSERT_TRUE(send(line, message(rma::message::encode_request(rma::message::kind::read, 1, outside))));
  EXPECT_EQ(kind_of(receive(line)), frame::kind::message) << "an answer: corrupt";
  EXPECT_EQ(refused(), before + 5);
  ASSERT_TRUE(send(line, frame::encode_hello(object.incarnation))) << "a second time";
  EXPECT_EQ(kind_of(receive(line)), frame::kind::refusal);
  EXPECT_FALSE(receive(line));
}

TEST_F(hostile_callers, random_packets_hurt_nobody) {
  std::mt19937_64 random(20240229);
  for (int round = 0; round < 300; ++round) {
    const socket_t line = round % 2 == 0 ? greet() : connect();
    bytes packet(1 + random() % 200);
    for (std::byte& b : packet) b = static_cast<std::byte>(random());
    if (round % 4 < 3) {
      const auto head = frame::encode_head(static_cast<frame::kind>(1 + random() % 4));
      std::copy(head.begin(),
                head.begin() + static_cast<std::ptrdiff_t>(std::min(head.size(), packet.size())),
                packet.begin());
    }
    EXPECT_TRUE(send(line, packet));
  }
}

TEST_F(hostile_callers, floods_of_connections_are_bounded) {
  std::vector<socket_t> flood;
  const int descriptors = std::stoi(producer.ask("fds"));
  for (std::size_t i = 0; i < farhold::shm::detail::switchboard::max_callers + 100; ++i) {
    socket_t line;
    const status s = socket_t::connect(object.incarnation, line);
    if (s.ok()) flood.push_back(std::move(line));
  }
  EXPECT_LE(std::stoi(producer.ask("fds")),
            descriptors + static_cast<int>(farhold::shm::detail::switchboard::max_callers) + 2);
  // Who holds a place and does nothing with it loses it to one who needs it.
  peer consumer;
  consumer.ask("open shm://?same_host=off");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::string told;
  while ((told = consumer.verdict("resolve " + token + " 50000 1")) != "ok" &&
         std::chrono::steady_clock::now() < end) {
    // No place is free; or its own was taken again before it had said hello.
    EXPECT_THAT(told, testing::AnyOf("unreachable", "producer_lost")) << consumer.last_answer;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(told, "ok");
}

TEST_F(hostile_callers, who_do_not_read_the_answers_are_not_listened_to) {
  const socket_t line = greet();
  const bytes question = message(rma::message::encode_request(rma::message::kind::read, 1, object));
  int asked = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (std::chrono::steady_clock::now() < end) {
    if (send(line, question)) ++asked;
  }
  EXPECT_FALSE(send(line, question)) << "after " << asked << " questions there is still room for more";
  peer consumer;
  consumer.ask("open shm://?same_host=off");
  EXPECT_EQ(consumer.ask("resolve " + token + " 50000 1"), "ok") << "others are served meanwhile";
}

TEST_F(hostile_callers, another_user_is_turned_away) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  const int before = refused();
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setuid(12'345) != 0) ::_exit(1);
    // Without our own check, which would keep us from saying anything.
    socket_t line;
    if (socket_t::connect(object.incarnation, line).code != errc::permission) ::_exit(2);
    ::_exit(0);
  }
  int how = 0;
  ::waitpid(child, &how, 0);
  EXPECT_EQ(WEXITSTATUS(how), 0);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (refused() == before && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(refused(), before + 1);
}

/// A token of an object that was never put, of a store at `pid` and `fd`.
std::string forged(pid_t pid, int fd, std::uint64_t incarnation) {
  rma::ticket t;
  t.incarnation = incarnation;
  t.generation = 1;
  t.offset = 4096;
  t.length = 5000;
  t.type = farhold::detail::type_of<bytes>();
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(incarnation));
  const farhold::shm::detail::whereabouts at{pid, fd, farhold::shm::detail::this_host()};
  const auto store = std::make_shared<const farhold::detail::store_address>(
      farhold::detail::store_address{"shared", "shm://" + at.to_string() + "." + digits.data(), 0});
  return store_factory(store, t.to_key()).to_text();
}

class hostile_producers : public testing::Test {
 protected:
  void SetUp() override {
    consumer.ask("open shm://");
    ASSERT_TRUE(socket_t::listen(incarnation, listener).ok());
  }
  /// Waits for the consumer to call.
  [[nodiscard]] socket_t accept() const {
    socket_t line;
    pollfd ready{listener.fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&ready, 1, 10'000), 1);
    EXPECT_EQ(listener.accept(line), socket_t::result::done);
    return line;
  }
  void ask(int timeout_ms = 10'000) {
    consumer.say("resolve " + forged(::getpid(), 0, incarnation) + " 5000 1 " + std::to_string(timeout_ms));
  }
  std::string verdict() {
    const std::string answer = consumer.line();
    return answer.substr(0, answer.find(' '));
  }

  const std::uint64_t incarnation = 0x1234'5678'9ABC'DEF0U ^ static_cast<std::uint64_t>(::getpid());
  peer consumer;
  socket_t listener;
};

TEST_F(hostile_producers, that_hang_up_are_lost) {
  ask();
  { const socket_t line = accept(); }
  EXPECT_EQ(verdict(), "producer_lost");
}

TEST_F(hostile_producers, that_say_nothing_cost_the_deadline) {
  ask(200);
  const socket_t line = accept();
  EXPECT_EQ(verdict(), "timeout");
}

TEST_F(hostile_producers, that_talk_nonsense_are_corrupt) {
  ask();
  const socket_t line = accept();
  ASSERT_TRUE(send(line, bytes(50, std::byte{7})));
  EXPECT_EQ(verdict(), "corrupt");
}

TEST_F(hostile_producers, that_show_another_ones_card_are_corrupt) {
  ask();
  const socket_t line = accept();
  const auto head = frame::encode_head(frame::kind::welcome);
  const auto card =
      rma::card{.incarnation = incarnation + 1, .boot = rma::this_boot(), .segment_bytes = 1U << 20U}
          .encode();
  bytes packet(head.begin(), head.end());
  packet.insert(packet.end(), card.begin(), card.end());
  ASSERT_TRUE(send(line, packet));
  EXPECT_EQ(verdict(), "corrupt");
}

TEST_F(hostile_producers, whose_card_claims_the_world_get_nobody_to_allocate_it) {
  ask(300);
  const socket_t line = accept();
  const auto head = frame::encode_head(frame::kind::welcome);
  const auto card = rma::card{.incarnation = incarnation,
                              .boot = rma::this_boot(),
                              .base_address = 4096,
                              .segment_bytes = ~std::uint64_t{0},
                              .fd = 0}
                        .encode();
  bytes packet(head.begin(), head.end());
  packet.insert(packet.end(), card.begin(), card.end());
  ASSERT_TRUE(send(line, packet));
  EXPECT_EQ(verdict(), "timeout") << "it is asked for the object, and does not answer";
}

/// What a token may name that is not a store's memory.
TEST(forged_tokens, name_all_kinds_of_descriptors) {
  peer consumer;
  consumer.ask("open shm://");
  int line[2];
  ASSERT_EQ(::pipe2(line, O_CLOEXEC), 0);
  const int device = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  const int folder = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int unsealed = ::memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_EQ(::ftruncate(unsealed, 1 << 20), 0);
  const int small = ::memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_EQ(::ftruncate(small, 10), 0);
  const int blank = ::memfd_create("blank", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_EQ(::ftruncate(blank, 1 << 20), 0);
  const int contradicting = ::memfd_create("contradicting", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_EQ(::ftruncate(contradicting, 1 << 20), 0);
  const rma::segment_header header{.incarnation = 77, .segment_bytes = 1 << 20};
  ASSERT_EQ(::pwrite(contradicting, &header, sizeof header, 0), static_cast<ssize_t>(sizeof header));
  const auto card =
      rma::card{.incarnation = 77, .boot = rma::this_boot(), .segment_bytes = 1U << 30U}.encode();
  ASSERT_EQ(::pwrite(contradicting, card.data(), card.size(), rma::card::offset_in_segment),
            static_cast<ssize_t>(card.size()));
  for (const int fd : {small, blank, contradicting})
    ASSERT_EQ(::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);

  for (const auto& [fd, expected] : std::vector<std::pair<int, std::string>>{{line[0], "corrupt"},
                                                                             {line[1], "corrupt"},
                                                                             {device, "corrupt"},
                                                                             {file, "corrupt"},
                                                                             {folder, "corrupt"},
                                                                             {unsealed, "corrupt"},
                                                                             {small, "corrupt"},
                                                                             {blank, "corrupt"},
                                                                             {contradicting, "corrupt"},
                                                                             {9999, "producer_lost"}}) {
    EXPECT_EQ(consumer.verdict("resolve " +
                               forged(::getpid(), fd,
                                      77 + (fd == contradicting ? 0U : static_cast<std::uint64_t>(fd) + 1)) +
                               " 5000 1"),
              expected)
        << fd << ": " << consumer.last_answer;
  }
  EXPECT_EQ(consumer.verdict("resolve " + forged(2'000'000'000, 3, 78'000) + " 5000 1"), "producer_lost");
  for (const int fd : {line[0], line[1], device, file, folder, unsealed, small, blank, contradicting})
    ::close(fd);
}

TEST(forged_tokens, of_a_process_id_that_is_anothers_by_now) {
  peer first, second, consumer;
  first.ask("open shm://");
  second.ask("open shm://");
  consumer.ask("open shm://");
  const auto made = store_factory::from_text(first.ask("put 5000 1"));
  const rma::ticket object = ticket_of(made.to_text());
  // The first one's token, but its pid and descriptor lead to the second one's memory.
  std::string theirs = store_factory::from_text(second.ask("put 5000 2")).uri(), mine = made.uri();
  theirs.replace(theirs.rfind('.'), std::string::npos, mine.substr(mine.rfind('.')));
  const auto store = std::make_shared<const farhold::detail::store_address>(
      farhold::detail::store_address{"shared", theirs, 0});
  const std::string token = store_factory(store, object.to_key()).to_text();
  EXPECT_EQ(consumer.verdict("resolve " + token + " 5000 1"), "ok") << "the socket is found by incarnation";
  first.kill();
  peer late;
  EXPECT_EQ(late.verdict("resolve " + token + " 5000 1"), "producer_lost") << late.last_answer;
}

}  // namespace
}  // namespace farhold::shm::test
