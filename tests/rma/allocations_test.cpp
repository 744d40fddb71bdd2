// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// How many allocations each operation makes: one for a proxy's state, one for a target, none beyond. And that
// a warm resolve takes no lock and throws nothing, by each path on which no other process helps.
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <farhold/farhold.hpp>

#include "fixtures.hpp"
#include "rma/passing_transport.hpp"
#include "solo_stores.hpp"

namespace {

thread_local std::uint64_t allocations = 0;
thread_local std::uint64_t locks = 0;  ///< taken, or tried to
thread_local std::uint64_t throws = 0;

/// The function of that name that this program would have called.
template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// What takes memory from the C library, operator new among it; and what takes it from the system.
extern "C" void* __libc_malloc(std::size_t bytes);
extern "C" void* __libc_calloc(std::size_t count, std::size_t bytes);
extern "C" void* __libc_realloc(void* at, std::size_t bytes);
extern "C" void* __libc_memalign(std::size_t alignment, std::size_t bytes);
extern "C" void* malloc(std::size_t bytes) noexcept {
  ++allocations;
  return __libc_malloc(bytes);
}
extern "C" void* calloc(std::size_t count, std::size_t bytes) noexcept {
  ++allocations;
  return __libc_calloc(count, bytes);
}
extern "C" void* realloc(void* at, std::size_t bytes) noexcept {
  ++allocations;
  return __libc_realloc(at, bytes);
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  ++allocations;
  return __libc_memalign(alignment, bytes);
}
extern "C" int posix_memalign(void** at, std::size_t alignment, std::size_t bytes) noexcept {
  ++allocations;
  *at = __libc_memalign(alignment, bytes);
  return *at == nullptr ? ENOMEM : 0;
}
extern "C" void* mmap(void* at, std::size_t bytes, int protection, int flags, int fd, off_t offset) noexcept {
  ++allocations;
  return reinterpret_cast<void*>(::syscall(SYS_mmap, at, bytes, protection, flags, fd, offset));
}

// What the mutexes of the standard library call, and a throw.
#define COUNT_LOCKS(function, type)                        \
  extern "C" int function(type* which) noexcept {          \
    static auto* const next = real<int(type*)>(#function); \
    ++locks;                                               \
    return next(which);                                    \
  }
COUNT_LOCKS(pthread_mutex_lock, pthread_mutex_t)
COUNT_LOCKS(pthread_mutex_trylock, pthread_mutex_t)
COUNT_LOCKS(pthread_rwlock_rdlock, pthread_rwlock_t)
COUNT_LOCKS(pthread_rwlock_wrlock, pthread_rwlock_t)
#undef COUNT_LOCKS
// By its name for the linker: compilers declare it themselves, each in its own way.
extern "C" [[noreturn]] void counted_throw(void* object, void* type,
                                           void (*destroy)(void*)) __asm__("__cxa_throw");
extern "C" void counted_throw(void* object, void* type, void (*destroy)(void*)) {
  static auto* const next = real<void(void*, void*, void (*)(void*))>("__cxa_throw");
  ++throws;
  next(object, type, destroy);
  __builtin_unreachable();
}

namespace farhold::rma {
namespace {

template <class Action>
std::uint64_t allocations_of(Action&& action) {
  const std::uint64_t before = allocations;
  action();
  return allocations - before;
}

using object = std::array<std::uint64_t, 8>;
constexpr object content{1, 2, 3, 5, 8, 13, 21, 34};

options mapped_options() {
  return {.arena_bytes = 1U << 20U,
          .progress_thread = false,
          .grace = std::chrono::nanoseconds(0),  // memory of evicted objects comes back at once
          .uri = "solo://",
          .time = {}};
}

TEST(allocations, the_counter_counts) {
  EXPECT_EQ(1U, allocations_of([] { delete new int; }));
  EXPECT_EQ(1U, allocations_of([] { std::vector<int>(5).clear(); }));
  EXPECT_EQ(5U, allocations_of([] {
              struct alignas(64) line {};
              delete new line;
              std::free(std::realloc(std::calloc(1, 8), 16));
              std::free(std::malloc(8));
              ::munmap(::mmap(nullptr, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1);
            }));
}

/// What an action takes and throws on this thread.
struct obstacles {
  std::uint64_t locks, throws;
  friend bool operator==(const obstacles&, const obstacles&) = default;
};
constexpr obstacles none{0, 0};

template <class Action>
obstacles obstacles_of(Action&& action) {
  const obstacles before{::locks, ::throws};
  action();
  return {::locks - before.locks, ::throws - before.throws};
}

TEST(obstacles, are_counted) {
  std::mutex one;
  std::shared_mutex other;
  EXPECT_EQ((obstacles{4, 0}), obstacles_of([&] {
              { const std::scoped_lock lock(one); }
              { const std::unique_lock lock(one, std::try_to_lock); }
              { const std::shared_lock lock(other); }
              { const std::scoped_lock lock(other); }
            }));
  EXPECT_EQ((obstacles{0, 1}), obstacles_of([] {
              try {
                throw 1;
              } catch (int) {
              }
            }));
}

/// A fabric may lock what it likes: what it takes is not counted.
class uncounted_transport final : public passing_transport {
 public:
  using passing_transport::passing_transport;
  status start(remote_read& read) noexcept override {
    const std::uint64_t before = ::locks;
    const status s = passing_transport::start(read);
    ::locks = before;
    return s;
  }
  status test(remote_read& read, bool& done) noexcept override {
    const std::uint64_t before = ::locks;
    const status s = passing_transport::test(read, done);
    ::locks = before;
    return s;
  }
  bool progress() noexcept override {
    const std::uint64_t before = ::locks;
    const bool any = passing_transport::progress();
    ::locks = before;
    return any;
  }
};

/// What happens once, such as finding a producer and remembering a type's name, is done before.
class warm : public ::testing::Test {
 protected:
  explicit warm(const store_options& of_consumer = {})
      : stores(mapped_options(), of_consumer),
        of_object(stores.producer().put(content)),
        of_vector(stores.producer().put(std::vector<double>(100, 1.5))) {
    stores.consumer().proxy_from_key<object>(of_object).resolve();
    stores.consumer().proxy_from_key<std::vector<double>>(of_vector).resolve();
  }
  template <class T>
  std::uint64_t of_making_and_resolving(store& from, const key& name) {
    std::optional<proxy<T>> p;
    EXPECT_EQ(1U, allocations_of([&] { p = from.proxy_from_key<T>(name); })) << "a proxy's state";
    return allocations_of([&] { p->resolve(); });
  }

  solo_stores stores;
  key of_object, of_vector;
};

TEST_F(warm, a_resolve_makes_the_target_and_nothing_else) {
  EXPECT_EQ(1U, of_making_and_resolving<object>(stores.consumer(), of_object));
  EXPECT_EQ(1U, of_making_and_resolving<object>(stores.producer(), of_object));
  EXPECT_EQ(2U, of_making_and_resolving<std::vector<double>>(stores.consumer(), of_vector))
      << "and its elements";
  EXPECT_EQ(4U, stores.consumer().metrics().on(path::mapped).resolves);  // two when it was warmed
}

TEST_F(warm, copies_and_accesses_make_nothing) {
  const auto p = stores.consumer().proxy_from_key<object>(of_object);
  p.resolve();
  EXPECT_EQ(0U, allocations_of([&] {
              const auto copy = p;
              EXPECT_EQ(content, *copy);
              EXPECT_EQ(34U, p[7]);
            }));
}

TEST_F(warm, publishing_makes_nothing) {
  stores.producer().evict(stores.producer().put(content));
  EXPECT_EQ(0U, allocations_of([&] { static_cast<void>(stores.producer().put(content)); }));
}

TEST_F(warm, a_token_is_one_vector_and_none_in_memory_of_the_caller) {
  const auto p = stores.producer().proxy(content);
  EXPECT_EQ(1U, allocations_of([&] { static_cast<void>(p.to_bytes(token_form::compact)); }));
  const store_factory from(registry::global().find("solo producer")->address(), p.key());
  std::vector<std::byte> buffer(from.encoded_bytes(token_form::portable));
  EXPECT_EQ(0U, allocations_of([&] { from.encode(token_form::portable, buffer); }));
  const auto token = p.to_bytes(token_form::compact);
  EXPECT_EQ(1U, allocations_of([&] { static_cast<void>(proxy<object>::from_bytes(token)); }));
}

TEST_F(warm, a_mapped_resolve_meets_no_lock_and_throws_nothing) {
  const auto p = stores.consumer().proxy_from_key<object>(of_object);
  const auto v = stores.consumer().proxy_from_key<std::vector<double>>(of_vector);
  const auto own = stores.producer().proxy_from_key<object>(of_object);
  stores.producer().proxy_from_key<object>(of_object).resolve();
  EXPECT_EQ(none, obstacles_of([&] { p.resolve(); }));
  EXPECT_EQ(none, obstacles_of([&] { v.resolve(); }));
  EXPECT_EQ(none, obstacles_of([&] { own.resolve(); })) << "of the process itself";
}

/// Ways of reading other processes' memory, and what resolves by them.
struct reading {
  const char* name;
  path way;
  same_host nearby;
};

class warm_by : public ::testing::TestWithParam<reading> {
 protected:
  static options how() {
    options chosen = mapped_options();
    chosen.same_host = GetParam().nearby;
    return chosen;
  }
  void SetUp() override {
    if (GetParam().way == path::cma) FARHOLD_NEEDS_CMA();
  }
  /// What a second resolve of the same object makes and meets, after a first one.
  template <class T>
  void expect_nothing_beyond(std::uint64_t target, const key& name) {
    stores.consumer().proxy_from_key<T>(name).resolve();
    const auto p = stores.consumer().proxy_from_key<T>(name);
    const std::uint64_t resolves = stores.consumer().metrics().on(GetParam().way).resolves;
    obstacles met{};
    EXPECT_EQ(target, allocations_of([&] { met = obstacles_of([&] { p.resolve(); }); }));
    EXPECT_EQ(none, met);
    EXPECT_EQ(resolves + 1, stores.consumer().metrics().on(GetParam().way).resolves);
  }

  solo_stores stores{how(), {}, [](std::unique_ptr<transport> inner) -> std::unique_ptr<transport> {
                       return std::make_unique<uncounted_transport>(std::move(inner));
                     }};
};

TEST_P(warm_by, a_resolve_makes_the_target_and_meets_nothing) {
  const std::vector<double> many(100'000, 1.5);
  const key of_object = stores.producer().put(content), of_many = stores.producer().put(many);
  expect_nothing_beyond<object>(1, of_object);
  expect_nothing_beyond<std::vector<double>>(2, of_many);  // and its elements
  expect_nothing_beyond<array<double>>(1, of_many);        // whose memory is used again
}

TEST_P(warm_by, batches_make_a_few_lists_however_many_objects_they_bring) {
  const auto made_for = [&](std::size_t count) {
    std::vector<proxy<object>> all;
    for (int i = 0; i < 2; ++i) {
      all.clear();
      for (std::size_t k = 0; k < count; ++k)
        all.push_back(stores.consumer().proxy_from_key<object>(stores.producer().put(content)));
      if (i == 0) resolve_all(all);
    }
    obstacles met{};
    const std::uint64_t made = allocations_of([&] { met = obstacles_of([&] { resolve_all(all); }); });
    EXPECT_EQ(none, met);
    return made - count;  // the targets
  };
  EXPECT_EQ(made_for(8), made_for(64));
}

INSTANTIATE_TEST_SUITE_P(way, warm_by,
                         ::testing::Values(reading{"mapped", path::mapped, same_host::automatic},
                                           reading{"cma", path::cma, same_host::cma},
                                           reading{"window", path::window, same_host::off}),
                         [](const auto& chosen) { return chosen.param.name; });

TEST_F(warm, a_view_makes_the_target_and_meets_nothing) {
  using view = std::span<const double>;
  stores.consumer().proxy_from_key<view>(of_vector).resolve();
  const auto p = stores.consumer().proxy_from_key<view>(of_vector);
  obstacles met{};
  EXPECT_EQ(1U, allocations_of([&] { met = obstacles_of([&] { p.resolve(); }); }));
  EXPECT_EQ(none, met);
  EXPECT_EQ(2U, stores.consumer().metrics().on(path::view).resolves);
}

class warm_with_cache : public warm {
 protected:
  warm_with_cache() : warm({.cache_bytes = 1U << 20U}) {}
};

TEST_F(warm_with_cache, a_hit_makes_nothing) {
  EXPECT_EQ(0U, of_making_and_resolving<object>(stores.consumer(), of_object));
  EXPECT_EQ(0U, of_making_and_resolving<std::vector<double>>(stores.consumer(), of_vector));
  EXPECT_EQ(2U, stores.consumer().metrics().on(path::cached).resolves);
}

}  // namespace
}  // namespace farhold::rma
