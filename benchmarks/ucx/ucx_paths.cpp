// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Resolves over UCX, between two processes that have not met, beside ucp_get_nbx of as many bytes from the
// same process, with the same UCX settings.
//
//   ucx_paths [--json FILE] [--quick] [--filter TEXT] [--rounds N]
//
// This process measures. The producer sleeps in read(2) on a pipe, its farhold thread and the raw one's on
// UCX's descriptors.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <ucp/api/ucp.h>

#include <farhold/farhold.hpp>
#include <farhold/ucx.hpp>

#include "bodies.hpp"
#include "report.hpp"
#include "ucx_producer.hpp"

namespace farhold::bench {

namespace {

/// What UCX may use. Connections by a listener are made over a network, whatever is used then.
struct way {
  const char* name;
  const char* tls;
};
constexpr std::array<way, 2> ways = {{{"tcp", "tcp,self"}, {"memory", "posix,sysv,cma,self,tcp"}}};

/// What farhold sets by itself, for the raw side too. And, since they are asked for here, UCX's shared memory
/// for endpoints that are told of failures.
void settle_ucx() {
  for (const char* setting :
       {"UCX_TCP_TX_SEG_SIZE=64K", "UCX_KEEPALIVE_INTERVAL=1s", "UCX_POSIX_ERROR_HANDLING=y",
        "UCX_SYSV_ERROR_HANDLING=y", "UCX_WARN_UNUSED_ENV_VARS=n"}) {
    const std::string text(setting);
    const auto equals = text.find('=');
    ::setenv(text.substr(0, equals).c_str(), text.substr(equals + 1).c_str(), 0);
  }
}

store make_consumer() {
  return {"ucx", ucx::connector({.arena_bytes = mib, .same_host = same_host::off}), {.inline_bytes = 0}};
}

/// Everything that is measured by one way.
class way_benchmark {
 public:
  way_benchmark(report& to, const ucx_producer& other, const way& how, bool quick)
      : to_(to),
        other_(other),
        how_(how),
        largest_(quick ? largest_when_quick : sizes.back()),
        from_(other.open(largest_ + largest_ / 2, largest_)) {}

  void run() {
    warm();
    cold();
  }

 private:
  [[nodiscard]] std::string name(const char* kind, std::uint64_t bytes) const {
    return std::string(how_.name) + "/" + kind + "/" + size_name(bytes);
  }

  void warm() {
    store mine = make_consumer();
    raw_get raw(worker_, from_);
    expectation expected;
    const ucx_producer::served before = other_.counters();
    for (const std::uint64_t bytes : sizes) {
      if (bytes > largest_) continue;
      compare<array_target>("array", {bytes, 1}, mine, raw, expected);
      compare<vector_target>("vector", {bytes, 1}, mine, raw, expected);
      with_object_target(bytes, [&]<class Target>(Target) {
        compare<Target>("object", {bytes, 1}, mine, raw, expected);
      });
    }
    compare<object_target<8>>("batch", {64, batch}, mine, raw, expected);
    compare<object_target<128>>("batch", {kib, batch}, mine, raw, expected);
    check_counters(mine, before, expected);
    mine.close();
  }

  template <class Target>
  void compare(const char* kind, const sequence& what, store& mine, raw_get& raw, expectation& expected) {
    const std::string called = name(kind, what.bytes);
    if (!to_.wanted(called)) return;
    std::vector<key> keys;
    for (std::uint64_t i = 0; i < what.count; ++i) {
      // Resolved once, by which the store is told of the producer.
      const auto token = other_.put(Target::form, what.bytes, i * what.words());
      const auto p = proxy<typename Target::type>::from_bytes(token);
      p.resolve();
      ++expected.resolves;
      expected.bytes += what.bytes;
      keys.push_back(p.key());
    }
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
    all.bodies.push_back(by_farhold<Target>(what, mine, keys, expected));
    all.bodies.back().beside = Target::memory_is_fresh ? hand : 0;
    to_.compare(all);
    for (const key& k : keys) mine.evict(k);
    expected.evictions += keys.size();
  }

  /// The first object of a process that was never heard of, beside an endpoint's first read, by a key that is
  /// known.
  void cold() {
    for (const std::uint64_t bytes : {std::uint64_t{8}, 64 * kib, 16 * mib}) {
      const std::string called = name("cold", bytes);
      if (bytes > largest_ || !to_.wanted(called)) continue;
      const sequence what{bytes, 1};
      std::optional<raw_get> raw;
      std::optional<store> here;
      std::vector<word> found;
      proxy<std::vector<word>> p;
      const auto token = other_.put(stored::vector, bytes, 0);
      const auto forget_all = [&] {
        found = {};
        p = {};
        here.reset();
        raw.reset();
      };
      const auto first_read = [&](const char* how_called, raw_get::by how_connected) {
        return body{.name = how_called,
                    .prepare = [&](std::uint64_t) { forget_all(); },
                    .run =
                        [&, how_connected](std::uint64_t) {
                          raw.emplace(worker_, from_, how_connected);
                          found = vector_target::by_hand(*raw, 0, bytes);
                        },
                    .verify = [&] { return right(found.data(), what.words(), 0); }};
      };
      to_.compare({.name = called,
                   .bodies = {first_read("raw, by worker address", raw_get::by::address),
                              first_read("raw, by listener", raw_get::by::listener),
                              {.name = "farhold, vector",
                               .prepare =
                                   [&](std::uint64_t) {
                                     forget_all();
                                     here.emplace(make_consumer());
                                   },
                               .run =
                                   [&](std::uint64_t) {
                                     p = proxy<std::vector<word>>::from_bytes(token);
                                     p.resolve();
                                   },
                               .verify = [&] { return right(p->data(), what.words(), 0); },
                               .beside = 1}}});
      forget_all();
    }
  }

  /// Each object was asked for and sent once, and none came by another path.
  void check_counters(store& mine, const ucx_producer::served& before, const expectation& expected) {
    const metrics m = mine.metrics();
    const ucx_producer::served after = other_.counters();
    const metrics::travelled& moved = m.on(path::service);
    const std::uint64_t sent = after.bytes - before.bytes;
    std::array<char, 200> line{};
    std::snprintf(line.data(), line.size(),
                  "%s: %llu resolves by messages; the producer sent %.6g bytes per byte of payload",
                  how_.name, static_cast<unsigned long long>(moved.resolves),
                  static_cast<double>(sent) / static_cast<double>(expected.bytes));
    to_.remark(line.data());
    if (moved.resolves != expected.resolves || moved.bytes != expected.bytes || sent != expected.bytes ||
        after.requests - before.requests != expected.resolves + expected.evictions || m.failed_resolves != 0)
      to_.fail(std::string(how_.name) + ": not every resolve was one answer of the producer's");
  }

  report& to_;
  const ucx_producer& other_;
  const way& how_;
  std::uint64_t largest_;
  exposure from_;
  raw_worker worker_;
};

int measure_all(const options& how) {
  // All of them first: a process with threads is not to be forked.
  std::vector<std::unique_ptr<ucx_producer>> producers;
  for (const way& one : ways) producers.push_back(std::make_unique<ucx_producer>(one.tls));
  report to(how, {{"ucx", ::ucp_get_version_string()}, {"transports", "ucx"}}, std::cout);
  for (std::size_t i = 0; i < ways.size(); ++i) {
    ::setenv("UCX_TLS", ways[i].tls, 1);
    way_benchmark(to, *producers[i], ways[i], how.quick).run();
  }
  return to.exit_code();
}

}  // namespace

}  // namespace farhold::bench

int main(int argc, char** argv) {
  using namespace farhold::bench;
  options how;
  const auto early = read_command_line(
      argc, argv, "Resolves over UCX, beside ucp_get_nbx. Starts the other process itself.", true, how);
  if (early) return *early;
  settle_malloc();
  settle_ucx();
  try {
    return measure_all(how);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "ucx_paths: %s\n", problem.what());
    return 1;
  }
}
