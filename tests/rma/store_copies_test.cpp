// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// How often the bytes of an object are copied until they are in the user's hands: all that this program
// copies by memcpy, memmove and process_vm_readv is counted.
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/uio.h>

#include <farhold/farhold.hpp>

#include "fixtures.hpp"
#include "rma/passing_transport.hpp"
#include "solo_stores.hpp"

namespace {

constexpr std::size_t small = 2048;  ///< less is a header or a trailer, and is not counted

std::atomic<std::uint64_t> copied{0};
std::atomic<std::uint64_t> by_the_kernel{0};
thread_local bool by_the_fabric = false;  ///< what that copies is its own

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" void* memcpy(void* to, const void* from, std::size_t bytes) noexcept {
  static auto* const next = real<void*(void*, const void*, std::size_t)>("memcpy");
  if (bytes >= small && !by_the_fabric) copied += bytes;
  return next(to, from, bytes);
}
extern "C" void* memmove(void* to, const void* from, std::size_t bytes) noexcept {
  static auto* const next = real<void*(void*, const void*, std::size_t)>("memmove");
  if (bytes >= small && !by_the_fabric) copied += bytes;
  return next(to, from, bytes);
}
extern "C" ssize_t process_vm_readv(pid_t pid, const iovec* here, unsigned long pieces_here,
                                    const iovec* there, unsigned long pieces_there,
                                    unsigned long flags) noexcept {
  static auto* const next =
      real<ssize_t(pid_t, const iovec*, unsigned long, const iovec*, unsigned long, unsigned long)>(
          "process_vm_readv");
  const ssize_t got = next(pid, here, pieces_here, there, pieces_there, flags);
  if (got >= static_cast<ssize_t>(small)) by_the_kernel += static_cast<std::uint64_t>(got);
  return got;
}

namespace farhold::rma {
namespace {

constexpr std::size_t count = 50'001;  // an odd one: with padding behind, as floats
using content = std::array<float, count>;
constexpr std::uint64_t length = sizeof(content);
constexpr std::uint64_t guard_and_trailer = block_bytes(length) - length + 8;

struct copies {
  std::uint64_t by_farhold, by_the_kernel;
  friend bool operator==(const copies&, const copies&) = default;
  friend void PrintTo(const copies& c, std::ostream* out) {
    *out << c.by_farhold << " bytes by farhold, " << c.by_the_kernel << " by the kernel";
  }
};

template <class Action>
copies copies_of(Action&& action) {
  const copies before{::copied, ::by_the_kernel};
  action();
  return {::copied - before.by_farhold, ::by_the_kernel - before.by_the_kernel};
}

TEST(copies, are_counted) {
  content from{}, to{};
  EXPECT_EQ((copies{2 * length, 0}), copies_of([&] {
              std::memcpy(to.data(), from.data(), length);
              std::memmove(to.data(), from.data(), length);
            }));
  std::vector<float> elements;
  EXPECT_EQ((copies{length, 0}), copies_of([&] { elements.assign(from.begin(), from.end()); }));
}

/// Says when the fabric is at work, and when the engine is again.
class uncounted_transport final : public passing_transport {
  struct at_work {
    explicit at_work(bool fabric) noexcept : before(std::exchange(by_the_fabric, fabric)) {}
    at_work(const at_work&) = delete;
    at_work& operator=(const at_work&) = delete;
    ~at_work() { by_the_fabric = before; }
    const bool before;
  };

 public:
  using passing_transport::passing_transport;
  status start(remote_read& read) noexcept override {
    const at_work fabric(true);
    return passing_transport::start(read);
  }
  status test(remote_read& read, bool& done) noexcept override {
    const at_work fabric(true);
    return passing_transport::test(read, done);
  }
  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept override {
    const at_work fabric(true);
    return passing_transport::send(to, head, payload, cookie);
  }
  bool progress() noexcept override {
    const at_work fabric(true);
    return passing_transport::progress();
  }

 private:
  void on_message(peer_id from, byte_view message) noexcept override {
    const at_work engine(false);
    passing_transport::on_message(from, message);
  }
  void on_sent(std::uint64_t cookie, status outcome) noexcept override {
    const at_work engine(false);
    passing_transport::on_sent(cookie, outcome);
  }
};

/// A way of reading another process's memory, and the copies it makes.
struct reading {
  const char* name;
  path way;
  same_host nearby;
  copies into_targets;
  copies into_callers_memory;
};

class copies_by : public ::testing::TestWithParam<reading> {
 protected:
  static options how() {
    return {.arena_bytes = 4U << 20U,
            .same_host = GetParam().nearby,
            .progress_thread = GetParam().way == path::service,
            .validation = validation::fast,
            .grace = std::chrono::hours(1),  // so that no read is looked at again
            .uri = "solo://",
            .time = {}};
  }
  void SetUp() override {
    if (GetParam().way == path::cma) FARHOLD_NEEDS_CMA();
    for (std::size_t i = 0; i < count; ++i) stored[i] = static_cast<float>(i);
  }
  template <class T, class Range>
  void expect_copies(const copies& expected, const Range& what) {
    const auto p = stores.consumer().proxy_from_key<T>(stores.producer().put(what));
    EXPECT_EQ(expected, copies_of([&] { p.resolve(); }));
    EXPECT_TRUE(std::ranges::equal(stored, *p));
  }

  std::vector<float> stored = std::vector<float>(count);
  solo_stores stores{how(),
                     {},
                     [](std::unique_ptr<transport> inner) -> std::unique_ptr<transport> {
                       return std::make_unique<uncounted_transport>(std::move(inner));
                     },
                     {.one_sided = GetParam().way == path::window, .max_message_bytes = 64U << 10U}};
};

TEST_P(copies_by, targets_are_landed_in) {
  expect_copies<array<float>>(GetParam().into_targets, stored);
  expect_copies<std::vector<float>>(GetParam().into_targets, stored);
  const auto whole = std::make_unique<content>();
  std::ranges::copy(stored, whole->begin());
  expect_copies<content>(GetParam().into_targets, *whole);
  EXPECT_EQ(3U, stores.consumer().metrics().on(GetParam().way).resolves);
  EXPECT_EQ(3 * length, stores.consumer().metrics().on(GetParam().way).bytes);
}

TEST_P(copies_by, memory_of_the_callers_is_landed_in_where_nothing_can_come_late) {
  const auto p = stores.consumer().proxy_from_key<std::vector<float>>(stores.producer().put(stored));
  std::vector<float> mine(count);
  EXPECT_EQ(GetParam().into_callers_memory, copies_of([&] { p.resolve_into(mine); }));
  EXPECT_EQ(stored, mine);
}

/// A view of what cannot be shown is a copy.
TEST_P(copies_by, views_copy_nothing_where_memory_can_be_looked_at) {
  const bool can = GetParam().way == path::mapped;
  expect_copies<std::span<const float>>(can ? copies{0, 0} : GetParam().into_targets, stored);
  EXPECT_EQ(1U, stores.consumer().metrics().on(can ? path::view : GetParam().way).resolves);
}

INSTANTIATE_TEST_SUITE_P(
    way, copies_by,
    ::testing::Values(
        reading{"mapped", path::mapped, same_host::automatic, {length, 0}, {length, 0}},
        reading{"cma",
                path::cma,
                same_host::cma,
                {0, length + guard_and_trailer},
                {0, length + guard_and_trailer}},
        // A window's bytes may come when the caller has given up: they land in farhold's memory.
        reading{"window", path::window, same_host::off, {0, 0}, {length, 0}},
        // Out of the messages in which they come.
        reading{"service", path::service, same_host::off, {length, 0}, {length, 0}}),
    [](const auto& chosen) { return chosen.param.name; });

}  // namespace
}  // namespace farhold::rma
