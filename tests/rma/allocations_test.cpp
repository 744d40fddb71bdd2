// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// How many allocations each operation makes: one for a proxy's state, one for a target, none beyond. And that
// a warm resolve takes no lock and throws nothing.
#include <array>
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

#include <farhold/farhold.hpp>

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

void* allocate(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  void* const at = alignment == 0
                       ? std::malloc(bytes)
                       : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (at == nullptr) throw std::bad_alloc();
  return at;
}

}  // namespace

// The forms that do not throw, and those for arrays, end in these.
void* operator new(std::size_t bytes) { return allocate(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
void operator delete(void* at, std::align_val_t) noexcept { std::free(at); }
void operator delete(void* at, std::size_t, std::align_val_t) noexcept { std::free(at); }

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

TEST(warm_by_fabric, a_resolve_meets_no_lock_and_throws_nothing) {
  options how = mapped_options();
  how.same_host = same_host::off;
  solo_stores stores(how, {}, [](std::unique_ptr<transport> inner) -> std::unique_ptr<transport> {
    return std::make_unique<uncounted_transport>(std::move(inner));
  });
  const key name = stores.producer().put(content);
  stores.consumer().proxy_from_key<object>(name).resolve();
  const auto p = stores.consumer().proxy_from_key<object>(name);
  EXPECT_EQ(none, obstacles_of([&] { p.resolve(); }));
  EXPECT_EQ(2U, stores.consumer().metrics().on(path::window).resolves);
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
