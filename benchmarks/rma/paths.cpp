// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Resolves over the MPI connector between two ranks, by each path, beside a raw read by the same means.
//
//   mpirun -n 2 rma_paths [--json FILE] [--quick] [--filter TEXT] [--rounds N] [--largest SIZE]
//
// Rank 0 measures. Rank 1 sleeps in read(2) on a pipe; its progress thread, which every store has, naps.
#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <mpi.h>

#include <farhold/farhold.hpp>

#include "bodies.hpp"
#include "many.hpp"
#include "producer.hpp"
#include "raw.hpp"
#include "report.hpp"
#include "settle_malloc.hpp"
#include "sizes.hpp"
#include "store_of.hpp"

namespace farhold::bench {

namespace {

/// One way of reading, and the store that is made to take it.
struct way {
  const char* name;
  path expected;
  same_host host;
  farhold::validation validation;
};
constexpr std::array<way, 5> ways = {{
    {"mapped", path::mapped, same_host::automatic, validation::fast},
    {"cma, fast", path::cma, same_host::cma, validation::fast},
    {"cma, recheck", path::cma, same_host::cma, validation::recheck},
    {"window, fast", path::window, same_host::off, validation::fast},
    {"window, recheck", path::window, same_host::off, validation::recheck},
}};

/// A store of both ranks.
class session {
 public:
  session(const producer& other, const way& how, std::uint64_t arena_bytes) : other_(other) {
    const request wanted{
        .what = order::open_store, .host = how.host, .validation = how.validation, .bytes = arena_bytes};
    other_.tell(wanted);
    store_.emplace(store_of(wanted));
  }
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session() {
    other_.tell({.what = order::close_store});
    store_->close();
  }
  [[nodiscard]] store& mine() noexcept { return *store_; }

 private:
  const producer& other_;
  std::optional<store> store_;
};

/// A raw window of both ranks.
class window_session {
 public:
  explicit window_session(const producer& other) : other_(other) {
    other_.tell({.what = order::open_window});
    window_.emplace();
  }
  window_session(const window_session&) = delete;
  window_session& operator=(const window_session&) = delete;
  ~window_session() {
    other_.tell({.what = order::close_window});
    window_.reset();
  }
  [[nodiscard]] raw_window& mine() noexcept { return *window_; }

 private:
  const producer& other_;
  std::optional<raw_window> window_;
};

/// Of the same means as `how`. For a path by mapping and CMA no window is made.
struct raw_session {
  raw_session(const producer& other, const way& how) {
    if (how.expected == path::mapped) source = raw_mapped(other.about().memory);
    if (how.expected == path::cma) source = raw_cma(other.about().memory);
    if (how.expected == path::window) window.emplace(other);
  }
  [[nodiscard]] raw_source& mine() { return window ? window->mine() : *source; }

  std::unique_ptr<raw_source> source;
  std::optional<window_session> window;
};

/// Everything that is measured by one way.
class path_benchmark {
 public:
  path_benchmark(report& to, const producer& other, const way& how, std::uint64_t largest)
      : to_(to), other_(other), how_(how), largest_(largest) {}

  void run() {
    warm();
    cold();
    by_many();
  }

 private:
  [[nodiscard]] std::string name(const std::string& kind, const std::string& rest) const {
    return std::string(how_.name) + "/" + kind + "/" + rest;
  }
  [[nodiscard]] bool asked_for(std::uint64_t bytes) const { return bytes <= largest_; }
  [[nodiscard]] bool any_wanted(const char* kind) const {
    for (const std::uint64_t bytes : sizes) {
      if (asked_for(bytes) && to_.wanted(name(kind, size_name(bytes)))) return true;
    }
    return false;
  }

  void warm() {
    constexpr std::array kinds = {"array", "caller memory", "vector", "object", "batch"};
    if (std::ranges::none_of(kinds, [&](const char* kind) { return any_wanted(kind); })) return;
    session here(other_, how_, 4 * largest_ + 16 * mib);  // all objects stay to the end
    raw_session raw(other_, how_);
    expectation expected;
    for (const std::uint64_t bytes : sizes) {
      if (!asked_for(bytes)) continue;
      compare<array_target>("array", {bytes, 1}, here.mine(), raw, expected);
      compare_caller_memory({bytes, 1}, here.mine(), raw, expected);
      compare<vector_target>("vector", {bytes, 1}, here.mine(), raw, expected);
      with_object_target(bytes, [&]<class Target>(Target) {
        compare<Target>("object", {bytes, 1}, here.mine(), raw, expected);
      });
    }
    compare<object_target<8>>("batch", {64, batch}, here.mine(), raw, expected);
    compare<object_target<128>>("batch", {kib, batch}, here.mine(), raw, expected);
    check_counters(here.mine(), expected);
  }

  template <class Target>
  void compare(const char* kind, const sequence& what, store& mine, raw_session& raw, expectation& expected) {
    const std::string called = name(kind, size_name(what.bytes));
    if (!to_.wanted(called)) return;
    std::vector<key> keys;
    for (std::uint64_t i = 0; i < what.count; ++i) {
      keys.push_back(other_.put(Target::form, what.bytes, i * what.words()));
    }
    comparison all{.name = called,
                   .bodies = {},
                   .operations = what.count,
                   .max_iterations = proxies_at_a_time / what.count,
                   .wanted = Target::memory_is_fresh ? goal{} : goal_of(what.bytes, what.count)};
    raw_source& source = raw.mine();
    all.bodies.push_back(into_warm_buffers(
        "raw, warm buffer", what,
        [&source](std::uint64_t offset, std::byte* to, std::uint64_t n) { source.read(offset, to, n); }));
    if (raw.window) {
      raw_window& window = raw.window->mine();
      all.bodies.push_back(into_warm_buffers(
          "raw, MPI_Get and flush", what,
          [&window](std::uint64_t offset, std::byte* to, std::uint64_t n) { window.get(offset, to, n); }));
    }
    all.bodies.push_back(by_hand<Target>(what, source));
    const std::size_t hand = all.bodies.size() - 1;
    all.bodies.push_back(by_farhold<Target>(what, mine, keys, expected));
    all.bodies.back().beside = Target::memory_is_fresh ? hand : 0;
    to_.compare(all);
  }

  void compare_caller_memory(const sequence& what, store& mine, raw_session& raw, expectation& expected) {
    const std::string called = name("caller memory", size_name(what.bytes));
    if (!to_.wanted(called)) return;
    raw_source& source = raw.mine();
    to_.compare(
        {.name = called,
         .bodies = {into_warm_buffers("raw, warm buffer", what,
                                      [&source](std::uint64_t offset, std::byte* to, std::uint64_t n) {
                                        source.read(offset, to, n);
                                      }),
                    into_caller_memory(what, mine, {other_.put(stored::vector, what.bytes, 0)}, expected)},
         .max_iterations = proxies_at_a_time,
         .wanted = goal_of(what.bytes, what.count)});
  }

  /// The first resolve from a producer that was just met, beside the first raw read of memory just found.
  void cold() {
    for (const std::uint64_t bytes : {std::uint64_t{8}, 4 * kib, 64 * kib, mib, 16 * mib, 256 * mib}) {
      const std::uint64_t arena_bytes = 2 * bytes + 2 * mib;
      const std::string called = name("cold", size_name(bytes));
      if (!asked_for(bytes) || !to_.wanted(called)) continue;
      const sequence what{bytes, 1};
      std::optional<raw_session> raw;
      std::optional<session> here;
      std::vector<word> found;
      proxy<std::vector<word>> p;
      const auto forget_all = [&] {
        found = {};
        p = {};
        here.reset();
        raw.reset();
      };
      const bool mapping = how_.expected == path::mapped;
      to_.compare({.name = called,
                   .bodies = {{.name = "raw, vector",
                               .prepare =
                                   [&](std::uint64_t) {
                                     forget_all();
                                     if (!mapping) raw.emplace(other_, how_);
                                     if (how_.expected == path::window)
                                       here.emplace(other_, how_, arena_bytes);
                                   },
                               .run =
                                   [&](std::uint64_t) {
                                     if (mapping) raw.emplace(other_, how_);  // as farhold, at first use
                                     found = vector_target::by_hand(raw->mine(), 0, bytes);
                                   },
                               .verify = [&] { return right(found.data(), what.words(), 0); }},
                              {.name = "farhold, vector",
                               .prepare =
                                   [&](std::uint64_t) {
                                     forget_all();
                                     here.emplace(other_, how_, arena_bytes);
                                     p = here->mine().proxy_from_key<std::vector<word>>(
                                         other_.put(stored::vector, bytes, 0));
                                   },
                               .run = [&](std::uint64_t) { p.resolve(); },
                               .verify = [&] { return right(p->data(), what.words(), 0); }}}});
      forget_all();
    }
  }

  /// Several threads of one consumer, which read different objects.
  void by_many() {
    if (!any_wanted_of_many()) return;
    session here(other_, how_, 8 * bytes_of_many);
    raw_session raw(other_, how_);
    expectation expected;
    for (const std::uint64_t count : counts_of_many) {
      for (const std::uint64_t bytes : sizes_of_many) {
        const std::string called = name_of_many(count, bytes);
        if (!asked_for(bytes) || !to_.wanted(called)) continue;
        const sequence what{bytes, count};
        std::vector<key> keys;
        for (std::uint64_t i = 0; i < count; ++i)
          keys.push_back(other_.put(stored::vector, bytes, i * what.words()));
        const std::vector<raw_source*> sources(count, &raw.mine());
        to_.compare(
            divided<array_target>(called, what, by_threads(count), sources, here.mine(), keys, expected));
      }
    }
    check_counters(here.mine(), expected);
  }
  [[nodiscard]] std::string name_of_many(std::uint64_t count, std::uint64_t bytes) const {
    return name(std::to_string(count) + " threads", size_name(bytes));
  }
  [[nodiscard]] bool any_wanted_of_many() const {
    for (const std::uint64_t count : counts_of_many) {
      for (const std::uint64_t bytes : sizes_of_many) {
        if (asked_for(bytes) && to_.wanted(name_of_many(count, bytes))) return true;
      }
    }
    return false;
  }

  /// One copy per object, by the expected path and no other, and nothing done by the producer for it.
  void check_counters(store& mine, const expectation& expected) {
    const metrics m = mine.metrics();
    const answer theirs = other_.ask({.what = order::counters});
    const metrics::travelled& moved = m.on(how_.expected);
    std::uint64_t all = 0;
    for (const metrics::travelled& any : m.by_path) all += any.resolves;
    const double copies = static_cast<double>(moved.bytes) / static_cast<double>(expected.bytes);
    std::array<char, 256> line{};
    std::snprintf(
        line.data(), line.size(),
        "%s: %llu resolves, %llu of them on the path %s; %.6g bytes moved per byte of payload; %llu "
        "trailers fetched again; the producer served %llu bytes",
        how_.name, static_cast<unsigned long long>(all), static_cast<unsigned long long>(moved.resolves),
        std::string(to_string(how_.expected)).c_str(), copies,
        static_cast<unsigned long long>(m.second_looks),
        static_cast<unsigned long long>(theirs.service_bytes));
    to_.remark(line.data());
    if (moved.resolves != expected.resolves || moved.bytes != expected.bytes || all != expected.resolves ||
        m.failed_resolves != 0 || theirs.service_bytes != 0) {
      to_.fail(std::string(how_.name) + ": not every resolve was one copy by the path that is measured");
    }
  }

  report& to_;
  const producer& other_;
  const way& how_;
  std::uint64_t largest_;
};

int measure_all(const options& how) {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> version{};
  int length = 0;
  MPI_Get_library_version(version.data(), &length);
  const std::string mpi(version.data(), static_cast<std::size_t>(length));
  report to(how, {{"mpi", mpi.substr(0, mpi.find_first_of(",\n"))}, {"transports", "mpi"}}, std::cout);
  const producer other;
  for (const way& one : ways) path_benchmark(to, other, one, largest_of(how)).run();
  other.tell({.what = order::end});
  return to.exit_code();
}

}  // namespace

}  // namespace farhold::bench

int main(int argc, char** argv) {
  using namespace farhold::bench;
  settle_malloc();
  int level = 0, rank = 0, ranks = 0, code = 2;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &level);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  options how;
  const auto early = read_command_line(
      argc, argv, "Resolves by each path, beside raw reads. Run it on 2 ranks.", rank == 0, how, true);
  if (early) {
    code = *early;
  } else if (ranks != 2) {
    if (rank == 0) std::fprintf(stderr, "usage: mpirun -n 2 rma_paths [OPTIONS]\n");
  } else {
    try {
      code = 0;
      if (rank == 0) code = measure_all(how);
      if (rank == 1) produce(std::max(largest_of(how), bytes_of_many));
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "rank %d: %s\n", rank, problem.what());
      MPI_Abort(MPI_COMM_WORLD, 1);  // the other rank waits for this one
    }
  }
  MPI_Finalize();
  return code;
}
