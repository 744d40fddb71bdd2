// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Servers that are none: whatever they answer, a call ends with an error, soon, and without much memory.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include <farhold/farhold.hpp>
#include <farhold/redis.hpp>

#include "conformance/outcome.hpp"
#include "object.hpp"

namespace farhold::redis {
namespace {

using namespace std::chrono_literals;
using conformance::outcome;
using conformance::outcome_of;

/// Answers each thing that it is sent with the next of `answers`, and nothing after the last one.
class impostor {
 public:
  explicit impostor(std::vector<std::string> answers) : answers_(std::move(answers)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(0, ::bind(fd_, reinterpret_cast<const sockaddr*>(&at), size));
    EXPECT_EQ(0, ::listen(fd_, 8));
    EXPECT_EQ(0, ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size));
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  impostor(const impostor&) = delete;
  impostor& operator=(const impostor&) = delete;
  ~impostor() {
    ended_ = true;
    thread_.join();
    ::close(fd_);
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  [[nodiscard]] static bool readable(int fd) {
    pollfd ready{fd, POLLIN, 0};
    return ::poll(&ready, 1, 10) > 0;
  }
  void serve() {
    while (!ended_) {
      if (!readable(fd_)) continue;
      const int peer = ::accept(fd_, nullptr, nullptr);
      std::size_t next = 0;
      for (std::vector<char> heard(65'536); !ended_;) {
        if (!readable(peer)) continue;
        if (::recv(peer, heard.data(), heard.size(), 0) <= 0) break;
        if (next == answers_.size()) continue;
        const std::string& answer = answers_[next++];
        static_cast<void>(::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL));
      }
      ::close(peer);
    }
  }

  std::vector<std::string> answers_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

constexpr const char* welcome = "+OK\r\n$16\r\n0000000000000007\r\n";

key object_of_size(std::uint64_t size_bytes, std::uint64_t chunk_bytes = least_chunk_bytes) {
  return key_of({.database = 7, .size_bytes = size_bytes, .chunk_bytes = chunk_bytes},
                detail::type_of<std::vector<std::byte>>());
}

outcome reading(const key& object, const std::string& answer) {
  const impostor server({welcome, answer});
  store s("hostile", connector({.host = "127.0.0.1", .port = server.port()}), {.inline_bytes = 0});
  return outcome_of([&] { return s.get<std::vector<std::byte>>(object, {.timeout = 300ms}); });
}

TEST(redis_hostile, what_greets_us_wrongly_is_no_server) {
  for (const std::string greeting :
       {"HTTP/1.1 400 Bad Request\r\n\r\n", "+OK\r\n$5\r\nhello\r\n", "+OK\r\n$16\r\n000000000000000g\r\n",
        "\n", "\r\n", "$-2\r\n", "*1000000000000\r\n", "+OK\r\n$16\r\n0000000000000007xx",
        ":99999999999999999999999999\r\n", "+OK\r\n*2\r\n", "+OK\r\n:7\r\n"}) {
    const impostor server({greeting});
    EXPECT_THAT(
        outcome_of([&] { return connector({.host = "127.0.0.1", .port = server.port()}) != nullptr; }).kind,
        testing::AnyOf(errc::corrupt, errc::transport_failure))
        << greeting;
  }
  const impostor talker({std::string(100'000, 'x')});
  EXPECT_EQ(
      outcome_of([&] { return connector({.host = "127.0.0.1", .port = talker.port()}) != nullptr; }).kind,
      errc::corrupt)
      << "a line without an end";
}

TEST(redis_hostile, an_object_of_another_size_than_its_key_is_corrupt) {
  const key object = object_of_size(10);
  EXPECT_EQ(reading(object, "$10\r\n0123456789\r\n").kind, errc::ok);
  EXPECT_EQ(reading(object, "$9\r\n012345678\r\n").kind, errc::corrupt);
  EXPECT_EQ(reading(object, "$11\r\n01234567890\r\n").kind, errc::corrupt);
  EXPECT_EQ(reading(object, "$536870912\r\n").kind, errc::corrupt);
  EXPECT_EQ(reading(object, "$536870913\r\n").kind, errc::corrupt);
  EXPECT_EQ(reading(object, "$10\r\n0123456789xx").kind, errc::corrupt);
  EXPECT_EQ(reading(object, "+OK\r\n").kind, errc::corrupt);
  EXPECT_EQ(reading(object, "*1\r\n$10\r\n0123456789\r\n").kind, errc::corrupt);
  EXPECT_EQ(reading(object, "$-1\r\n").kind, errc::stale);
  EXPECT_EQ(reading(object, "-WRONGTYPE no\r\n").kind, errc::corrupt);
  EXPECT_EQ(reading(object, "-MOVED 1 other:7000\r\n").kind, errc::unsupported);
  EXPECT_EQ(reading(object, "-HELP\r\n").kind, errc::transport_failure);
  EXPECT_EQ(reading(object, "$10\r\n0123").kind, errc::timeout) << "what does not come";
}

TEST(redis_hostile, memory_is_asked_for_when_the_server_has_the_bytes) {
  // A terabyte in pieces of 256 MiB, of which the server has one byte each, or none.
  const key object = object_of_size(std::uint64_t{1} << 40U, most_chunk_bytes);
  std::string ones, nothing;
  for (int i = 0; i < 256; ++i) {
    ones += ":1\r\n";
    nothing += ":0\r\n";
  }
  EXPECT_EQ(reading(object, ones).kind, errc::corrupt);
  EXPECT_EQ(reading(object, nothing).kind, errc::stale);
  EXPECT_EQ(reading(object, ":-5\r\n").kind, errc::timeout);
}

}  // namespace
}  // namespace farhold::redis
