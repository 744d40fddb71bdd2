// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Resolves between processes that have not met, beside raw reads of as many bytes from the same process, with
// the same settings of the network.
//
// This process measures. The producers sleep in read(2) on a pipe, their farhold threads and the raw ones' on
// the network's descriptors.
#include "network_paths.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>

#include <farhold/farhold.hpp>

#include "bodies.hpp"
#include "many.hpp"
#include "producer_process.hpp"
#include "report.hpp"

namespace farhold::bench {

namespace {

using crew = std::vector<std::unique_ptr<producer_process>>;

/// Everything that is measured by one way.
class way_benchmark {
 public:
  way_benchmark(report& to, const crew& producers, const network_way& how, std::uint64_t largest)
      : to_(to), producers_(producers), how_(how), largest_(largest) {}

  void run() {
    if (any_wanted({"array", "caller memory", "vector", "object", "batch"})) warm();
    if (any_wanted({"cold"})) cold();
    if (any_wanted(kinds_of_many("producers"))) from_many();
    if (any_wanted(kinds_of_many("threads"))) by_many();
  }

 private:
  /// A store, the raw end beside it, and what both were asked for.
  struct session {
    explicit session(const network_way& how) : mine(store_of(how)), end(how.open_raw()) {}

    store mine;
    std::unique_ptr<raw_end> end;
    expectation expected;
  };
  static store store_of(const network_way& how) {
    return {"network", how.make_connector(mib, same_host::off), {.inline_bytes = 0}};
  }

  [[nodiscard]] std::string name(const std::string& kind, std::uint64_t bytes) const {
    return how_.name() + "/" + kind + "/" + size_name(bytes);
  }

  [[nodiscard]] bool any_wanted(const std::vector<std::string>& kinds) const {
    return std::ranges::any_of(kinds, [&](const std::string& kind) {
      return std::ranges::any_of(
          sizes, [&](std::uint64_t bytes) { return bytes <= largest_ && to_.wanted(name(kind, bytes)); });
    });
  }
  static std::string kind_of_many(std::uint64_t count, const std::string& of_what) {
    return std::to_string(count) + " " + of_what;
  }
  static std::vector<std::string> kinds_of_many(const std::string& of_what) {
    std::vector<std::string> made;
    for (const std::uint64_t count : counts_of_many) made.push_back(kind_of_many(count, of_what));
    return made;
  }

  /// What the first so many producers expose. They open their stores when they are first needed; the first
  /// one does what takes only one.
  const std::vector<exposure>& exposed(std::size_t producers) {
    while (exposed_.size() < producers) {
      const std::uint64_t most = exposed_.empty() ? std::max(largest_, bytes_of_many) : bytes_of_many;
      // What was evicted is there for the grace period.
      exposed_.push_back(producers_[exposed_.size()]->open(most + most / 2 + 16 * mib, most));
    }
    return exposed_;
  }

  void warm() {
    session here(how_);
    const std::unique_ptr<raw_reader> raw = here.end->meet(exposed(1).front(), 0);
    const producer_process::served before = served_by_all();
    for (const std::uint64_t bytes : sizes) {
      if (bytes > largest_) continue;
      compare<array_target>("array", {bytes, 1}, here, *raw);
      compare_caller_memory({bytes, 1}, here, *raw);
      compare<vector_target>("vector", {bytes, 1}, here, *raw);
      with_object_target(bytes, [&]<class Target>(Target) {
        compare<Target>("object", {bytes, 1}, here, *raw);
      });
    }
    compare<object_target<8>>("batch", {64, batch}, here, *raw);
    compare<object_target<128>>("batch", {kib, batch}, here, *raw);
    check_counters("one producer", here, before);
  }

  /// Object i is put by producer i, or by the one there is. Resolved once, by which the store is told of it.
  template <class Target>
  std::vector<key> put_all(const sequence& what, session& here, std::uint64_t producers) {
    std::vector<key> keys;
    for (std::uint64_t i = 0; i < what.count; ++i) {
      const auto token = producers_[i % producers]->put(Target::form, what.bytes, i * what.words());
      const auto p = proxy<typename Target::type>::from_bytes(token);
      p.resolve();
      ++here.expected.resolves;
      here.expected.bytes += what.bytes;
      keys.push_back(p.key());
    }
    return keys;
  }

  static void evict_all(const std::vector<key>& keys, session& here) {
    for (const key& k : keys) here.mine.evict(k);
    here.expected.evictions += keys.size();
  }

  template <class Target>
  void compare(const char* kind, const sequence& what, session& here, raw_reader& raw) {
    const std::string called = name(kind, what.bytes);
    if (!to_.wanted(called)) return;
    const std::vector<key> keys = put_all<Target>(what, here, 1);
    comparison all{.name = called,
                   .bodies = {},
                   .operations = what.count,
                   .max_iterations = proxies_at_a_time / what.count,
                   .wanted = Target::memory_is_fresh ? goal{} : goal_of(what.bytes, what.count)};
    if (what.count == 1) {
      all.bodies.push_back(into_warm_buffers(
          "raw, warm buffer", what,
          [&raw](std::uint64_t offset, std::byte* to, std::uint64_t n) { raw.read(offset, to, n); }));
      all.bodies.push_back(by_hand<Target>(what, raw));
    } else {
      const sequence whole{what.bytes * what.count, 1};
      all.bodies.push_back(into_warm_buffers("raw, all at once", whole,
                                             [&raw, what](std::uint64_t, std::byte* to, std::uint64_t) {
                                               raw.read_batch(to, what.bytes, what.count);
                                             }));
    }
    const std::size_t hand = all.bodies.size() - 1;
    all.bodies.push_back(by_farhold<Target>(what, here.mine, keys, here.expected));
    all.bodies.back().beside = Target::memory_is_fresh ? hand : 0;
    to_.compare(all);
    evict_all(keys, here);
  }

  void compare_caller_memory(const sequence& what, session& here, raw_reader& raw) {
    const std::string called = name("caller memory", what.bytes);
    if (!to_.wanted(called)) return;
    const std::vector<key> keys = put_all<vector_target>(what, here, 1);
    to_.compare({.name = called,
                 .bodies = {into_warm_buffers("raw, warm buffer", what,
                                              [&raw](std::uint64_t offset, std::byte* to, std::uint64_t n) {
                                                raw.read(offset, to, n);
                                              }),
                            into_caller_memory(what, here.mine, keys, here.expected)},
                 .max_iterations = proxies_at_a_time,
                 .wanted = goal_of(what.bytes, what.count)});
    evict_all(keys, here);
  }

  /// The first object of a process that was never heard of, beside a raw end's first read, by a key that is
  /// known.
  void cold() {
    for (const std::uint64_t bytes : {std::uint64_t{8}, 64 * kib, 16 * mib}) {
      const std::string called = name("cold", bytes);
      if (bytes > largest_ || !to_.wanted(called)) continue;
      const sequence what{bytes, 1};
      std::unique_ptr<raw_end> end;
      std::unique_ptr<raw_reader> raw;
      std::optional<store> here;
      std::vector<word> found;
      proxy<std::vector<word>> p;
      const exposure& theirs = exposed(1).front();
      const auto token = producers_.front()->put(stored::vector, bytes, 0);
      const auto forget_all = [&] {
        found = {};
        p = {};
        here.reset();
        raw.reset();
        end.reset();
      };
      comparison all{.name = called};
      for (const std::string& means : how_.meetings()) {
        all.bodies.push_back({.name = "raw, " + means,
                              .prepare =
                                  [&](std::uint64_t) {
                                    forget_all();
                                    end = how_.open_raw();
                                  },
                              .run =
                                  [&, number = all.bodies.size()](std::uint64_t) {
                                    raw = end->meet(theirs, number);
                                    found = vector_target::by_hand(*raw, 0, bytes);
                                  },
                              .verify = [&] { return right(found.data(), what.words(), 0); }});
      }
      all.bodies.push_back({.name = "farhold, vector",
                            .prepare =
                                [&](std::uint64_t) {
                                  forget_all();
                                  here.emplace(store_of(how_));
                                },
                            .run =
                                [&](std::uint64_t) {
                                  p = proxy<std::vector<word>>::from_bytes(token);
                                  p.resolve();
                                },
                            .verify = [&] { return right(p->data(), what.words(), 0); },
                            .beside = all.bodies.size() - 1});
      to_.compare(all);
      forget_all();
    }
  }

  /// One consumer, who reads from several producers in turn.
  void from_many() {
    compare_many("producers", [](std::uint64_t count) { return std::pair{one_by_one(), count}; });
  }

  /// Several threads of one consumer, which read different objects of one producer.
  void by_many() {
    compare_many("threads", [](std::uint64_t count) {
      return std::pair{by_threads(count), std::uint64_t{1}};
    });
  }

  /// `divide` tells of a number who reads, and from how many producers.
  template <class Divide>
  void compare_many(const std::string& of_what, Divide divide) {
    session here(how_);
    std::vector<std::unique_ptr<raw_reader>> readers;
    for (const exposure& one : exposed(divide(counts_of_many.back()).second))
      readers.push_back(here.end->meet(one, 0));
    const producer_process::served before = served_by_all();
    for (const std::uint64_t count : counts_of_many) {
      for (const std::uint64_t bytes : sizes_of_many) {
        const std::string called = name(kind_of_many(count, of_what), bytes);
        if (bytes > largest_ || !to_.wanted(called)) continue;
        const sequence what{bytes, count};
        const auto [who, producers] = divide(count);
        const std::vector<key> keys = put_all<array_target>(what, here, producers);
        std::vector<raw_source*> sources;
        for (std::uint64_t i = 0; i < count; ++i) sources.push_back(readers[i % producers].get());
        to_.compare(divided<array_target>(called, what, who, sources, here.mine, keys, here.expected));
        evict_all(keys, here);
      }
    }
    check_counters(of_what, here, before);
  }

  [[nodiscard]] producer_process::served served_by_all() const {
    producer_process::served all;
    for (std::size_t i = 0; i < exposed_.size(); ++i) {
      const producer_process::served its = producers_[i]->counters();
      all.requests += its.requests;
      all.bytes += its.bytes;
    }
    return all;
  }

  /// Each object came once, by the expected path, and none by another.
  void check_counters(const std::string& of_what, session& here, const producer_process::served& before) {
    const metrics m = here.mine.metrics();
    const producer_process::served after = served_by_all();
    const metrics::travelled& moved = m.on(how_.expected());
    const expectation& expected = here.expected;
    if (expected.resolves == 0) return;
    const bool asked = how_.expected() == path::service;
    const std::uint64_t sent = after.bytes - before.bytes;
    const std::uint64_t requests = after.requests - before.requests;
    std::array<char, 256> line{};
    std::snprintf(line.data(), line.size(),
                  "%s, %s: %llu resolves on the path %s, %llu trailers fetched again; sent by request: %.6g "
                  "bytes per byte of payload",
                  how_.name().c_str(), of_what.c_str(), static_cast<unsigned long long>(moved.resolves),
                  std::string(to_string(how_.expected())).c_str(),
                  static_cast<unsigned long long>(m.second_looks),
                  static_cast<double>(sent) / static_cast<double>(expected.bytes));
    to_.remark(line.data());
    if (moved.resolves != expected.resolves || moved.bytes != expected.bytes || m.failed_resolves != 0 ||
        sent != (asked ? expected.bytes : 0) ||
        requests != (asked ? expected.resolves : 0) + expected.evictions)
      to_.fail(how_.name() + ", " + of_what + ": not every resolve came once by the path that is measured");
  }

  report& to_;
  const crew& producers_;
  const network_way& how_;
  std::uint64_t largest_;
  std::vector<exposure> exposed_;
};

int measure_all(const options& how, const network_program& what) {
  // All of them first: a process with threads is not to be forked.
  std::vector<crew> crews;
  for (const network_way* const one : what.ways) {
    crew& made = crews.emplace_back();
    while (made.size() < counts_of_many.back()) made.push_back(std::make_unique<producer_process>(*one));
  }
  report to(how, what.conditions(), std::cout);
  for (std::size_t i = 0; i < what.ways.size(); ++i) {
    what.ways[i]->settle();
    way_benchmark(to, crews[i], *what.ways[i], largest_of(how)).run();
    crews[i].clear();
  }
  return to.exit_code();
}

}  // namespace

int measure_network(int argc, char** argv, const network_program& what) {
  options how;
  if (const auto early = read_command_line(argc, argv, what.purpose, true, how, true)) return *early;
  settle_malloc();
  try {
    return measure_all(how, what);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s: %s\n", what.name, problem.what());
    return 1;
  }
}

}  // namespace farhold::bench
