// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <array>
#include <barrier>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bodies.hpp"

// Objects that come from several producers in turn, or by several threads at the same time.

namespace farhold::bench {

inline constexpr std::array<std::uint64_t, 3> counts_of_many = {1, 2, 4};
inline constexpr std::array<std::uint64_t, 3> sizes_of_many = {8, 64 * kib, mib};
/// As much as the largest of these sequences has, from each producer or from one.
inline constexpr std::uint64_t bytes_of_many = counts_of_many.back() * sizes_of_many.back();

/// Threads that are there before anything is timed.
class team {
 public:
  explicit team(std::uint64_t size) : gate_(static_cast<std::ptrdiff_t>(size) + 1) {
    for (std::uint64_t i = 0; i < size; ++i) threads_.emplace_back([this, i] { live(i); });
  }
  team(const team&) = delete;
  team& operator=(const team&) = delete;
  ~team() {
    task_ = nullptr;
    gate_.arrive_and_wait();
    for (std::thread& one : threads_) one.join();
  }

  /// Has each thread call it once, with its number. Throws what one of them threw.
  void run(const std::function<void(std::uint64_t)>& task) {
    task_ = &task;
    gate_.arrive_and_wait();
    gate_.arrive_and_wait();
    if (problem_) std::rethrow_exception(std::exchange(problem_, nullptr));
  }

 private:
  void live(std::uint64_t number) {
    for (;;) {
      gate_.arrive_and_wait();
      if (task_ == nullptr) return;
      try {
        (*task_)(number);
      } catch (...) {
        const std::scoped_lock lock(telling_);
        problem_ = std::current_exception();
      }
      gate_.arrive_and_wait();
    }
  }

  std::barrier<> gate_;  // what is between two of its phases belongs to one side
  const std::function<void(std::uint64_t)>* task_ = nullptr;
  std::mutex telling_;
  std::exception_ptr problem_;
  std::vector<std::thread> threads_;
};

/// One thread, one object after the other.
inline division one_by_one() {
  return [](std::uint64_t n, std::uint64_t count, const auto& read) {
    for (std::uint64_t k = 0; k < n; ++k) {
      for (std::uint64_t i = 0; i < count; ++i) read(k, i);
    }
  };
}

/// For each object a thread of its own.
inline division by_threads(std::uint64_t threads) {
  return [all = std::make_shared<team>(threads)](std::uint64_t n, std::uint64_t, const auto& read) {
    all->run([&](std::uint64_t i) {
      for (std::uint64_t k = 0; k < n; ++k) read(k, i);
    });
  };
}

/// Object i comes from `sources[i]`.
inline body raw_divided(const sequence& what, const division& divide, std::vector<raw_source*> sources) {
  auto buffers = std::make_shared<warm_words>(what.words() * what.count);
  return {.name = "raw, warm buffers",
          .prepare = [buffers](std::uint64_t) { std::fill(buffers->begin(), buffers->end(), 0U); },
          .run =
              [buffers, what, divide, sources](std::uint64_t n) {
                divide(n, what.count, [&](std::uint64_t, std::uint64_t i) {
                  forget();
                  sources[i]->read(i * what.bytes,
                                   reinterpret_cast<std::byte*>(buffers->data() + i * what.words()),
                                   what.bytes);
                });
              },
          .verify = [buffers] { return right(buffers->data(), buffers->size(), 0); }};
}

/// Beside raw reads that are divided in the same way.
template <class Target>
comparison divided(std::string name, const sequence& what, const division& divide,
                   const std::vector<raw_source*>& sources, store& mine, const std::vector<key>& keys,
                   expectation& expected) {
  return {
      .name = std::move(name),
      .bodies = {raw_divided(what, divide, sources), by_farhold<Target>(what, mine, keys, expected, divide)},
      .operations = what.count,
      .max_iterations = proxies_at_a_time / what.count};
}

}  // namespace farhold::bench
