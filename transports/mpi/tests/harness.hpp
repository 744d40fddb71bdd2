// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <mpi.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "mpi_transport.hpp"

// What the tests of this folder share. Every rank runs every test, in step: they open and close together.
namespace farhold::mpi::test {

using namespace std::chrono_literals;
using detail::mpi_transport;
using detail::transport_options;

constexpr std::chrono::nanoseconds plenty = 20s;  // bounds are for hangs, not for speed

inline int world_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}
inline int world_size() {
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return size;
}

/// Whether a window over `ranks` ranks has to work here. FARHOLD_TEST_WINDOWS=0 says that the run was set up
/// so that it does not.
inline bool windows_expected(int ranks = world_size()) {
#ifdef OPEN_MPI
  if (ranks == 1) return false;  // MPI_Win_create fails in a communicator of one rank: MPI_ERR_WIN (4.1.4)
  if (ranks < world_size()) return OMPI_MAJOR_VERSION >= 5;  // see quirks.hpp; all tests run on one node
#endif
  const char* const setting = std::getenv("FARHOLD_TEST_WINDOWS");
  return ranks > 0 && (setting == nullptr || std::string_view(setting) != "0");
}

/// Byte `offset` of what rank `owner` wrote: no period that a chunk could hide.
inline std::byte pattern(std::uint64_t owner, std::uint64_t offset) {
  const std::uint64_t mixed = (offset + 1 + (owner << 40U)) * 0x9e3779b97f4a7c15U;
  return static_cast<std::byte>(mixed >> 56U);
}
inline void fill(byte_span bytes, std::uint64_t owner, std::uint64_t first = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = pattern(owner, first + i);
}
/// Index of the first wrong byte, or the size if all are right.
inline std::size_t first_wrong(byte_view bytes, std::uint64_t owner, std::uint64_t first = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != pattern(owner, first + i)) return i;
  }
  return bytes.size();
}

/// Keeps what it hears.
class recorder final : public transport_listener {
 public:
  struct message {
    peer_id from = 0;
    std::vector<std::byte> bytes;
  };

  void on_message(peer_id from, byte_view bytes) noexcept override {
    EXPECT_FALSE(inside.exchange(true)) << "two calls at a time";
    if (react) react(from, bytes);
    {
      const std::lock_guard lock(mutex_);
      messages_.push_back({from, {bytes.begin(), bytes.end()}});
    }
    inside = false;
    ++message_count;
  }
  void on_sent(std::uint64_t cookie, status outcome) noexcept override {
    EXPECT_FALSE(inside.exchange(true)) << "two calls at a time";
    EXPECT_TRUE(outcome.ok()) << outcome.where;
    if (sent) sent(cookie);
    inside = false;
    ++sent_count;
  }
  void on_fabric_ending() noexcept override { ++ending_count; }

  std::vector<message> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(messages_, {});
  }

  std::function<void(peer_id, byte_view)> react;
  std::function<void(std::uint64_t)> sent;
  std::atomic<std::size_t> message_count{0};
  std::atomic<std::size_t> sent_count{0};
  std::atomic<int> ending_count{0};
  std::atomic<bool> inside{false};

 private:
  std::mutex mutex_;
  std::vector<message> messages_;
};

/// A transport over `comm` that exposes memory of the pattern.
struct node {
  explicit node(std::size_t exposed_bytes, transport_options options = {}, MPI_Comm comm = MPI_COMM_WORLD)
      : memory(exposed_bytes), transport(comm, options) {
    fill(memory, static_cast<std::uint64_t>(world_rank()));
    opened = transport.open(memory, card, {}, listener, plenty);
  }
  ~node() {
    const status closed = transport.close(plenty);
    EXPECT_TRUE(closed.ok()) << closed.where;
  }

  /// Progresses until `done()`; false if it takes too long.
  template <class Condition>
  bool progress_until(Condition done) {
    const auto end = std::chrono::steady_clock::now() + plenty;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      if (!transport.progress()) std::this_thread::yield();
    }
    return true;
  }

  /// Sends, and progresses while there is no room.
  status send_patiently(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie = 0) {
    status outcome;
    progress_until([&] {
      outcome = transport.send(to, head, payload, cookie);
      return outcome.code != errc::out_of_memory;
    });
    return outcome;
  }

  std::vector<std::byte> memory;
  std::vector<std::byte> card{std::byte{7}};
  recorder listener;
  mpi_transport transport;
  status opened;
};

/// Calls progress() until the end of its life, as the engine's thread does.
class progress_thread {
 public:
  explicit progress_thread(transport& moved)
      : thread_([this, &moved] {
          while (!stop_) {
            if (!moved.progress()) std::this_thread::sleep_for(20us);
          }
        }) {}
  progress_thread(const progress_thread&) = delete;
  progress_thread& operator=(const progress_thread&) = delete;
  ~progress_thread() { end(); }
  void end() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// Reads to the end, at most `timeout`.
inline status read(transport& from, peer_id peer, std::uint64_t offset, byte_span into,
                   std::chrono::nanoseconds timeout = plenty) {
  remote_read request{peer, offset, into.data(), into.size(), {}};
  if (const status started = from.start(request); !started.ok()) return started;
  const auto end = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    bool done = false;
    const status outcome = from.test(request, done);
    if (done) return outcome;
    if (std::chrono::steady_clock::now() > end) return {errc::timeout, 0, "a read of the test"};
    std::this_thread::yield();
  }
}

inline std::string explain(const status& s) {
  return std::string(to_string(s.code)) + " (" + std::to_string(s.native) + ") at " + s.where;
}

#define FARHOLD_EXPECT_OK(expression)                                      \
  do {                                                                     \
    const ::farhold::status outcome_ = (expression);                       \
    EXPECT_TRUE(outcome_.ok()) << ::farhold::mpi::test::explain(outcome_); \
  } while (false)
#define FARHOLD_EXPECT_CODE(expression, expected)                                  \
  do {                                                                             \
    const ::farhold::status outcome_ = (expression);                               \
    EXPECT_EQ(outcome_.code, expected) << ::farhold::mpi::test::explain(outcome_); \
  } while (false)

}  // namespace farhold::mpi::test
