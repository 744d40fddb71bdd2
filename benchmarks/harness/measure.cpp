// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "measure.hpp"

#include <algorithm>

namespace farhold::bench {

namespace {

std::uint64_t steady_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

class runner {
 public:
  runner(const comparison& what, const settings& how)
      : what_(what), now_(how.now_ns ? how.now_ns : steady_ns) {}

  [[nodiscard]] std::uint64_t now() const { return now_(); }

  /// Nanoseconds of `n` iterations.
  [[nodiscard]] std::uint64_t sample(const body& b, std::uint64_t n) const {
    if (b.prepare) b.prepare(n);
    const std::uint64_t began = now_();
    b.run(n);
    const std::uint64_t ended = now_();
    if (!b.verify()) throw wrong_bytes(what_.name + ": wrong bytes after '" + b.name + "'");
    return ended - began;
  }

  /// The n for which a sample lasts as long as it should. The first one is cold and says nothing.
  [[nodiscard]] std::uint64_t calibrate(const body& b, std::uint64_t wanted_ns) const {
    std::uint64_t n = 1;
    static_cast<void>(sample(b, n));
    for (;;) {
      const std::uint64_t took = sample(b, n);
      if (took >= wanted_ns || n == what_.max_iterations) return n;
      n = std::min(2 * n, what_.max_iterations);
    }
  }

 private:
  const comparison& what_;
  std::function<std::uint64_t()> now_;
};

}  // namespace

result measure(const comparison& what, const settings& how) {
  const runner runs(what, how);
  const std::size_t count = what.bodies.size();
  std::vector<std::uint64_t> iterations;
  iterations.reserve(count);
  for (const body& b : what.bodies) {
    iterations.push_back(runs.calibrate(b, static_cast<std::uint64_t>(how.sample.count())));
  }

  std::vector<std::vector<double>> times(count), ratios(count), differences(count);
  const std::uint64_t began = runs.now();
  std::uint64_t round = 0;
  for (; round < how.rounds; ++round) {
    const bool late = runs.now() - began >= static_cast<std::uint64_t>(how.budget.count());
    if (late && round >= how.min_rounds) break;
    for (std::size_t turn = 0; turn < count; ++turn) {
      const std::size_t at = round % 2 == 0 ? turn : count - 1 - turn;
      const std::uint64_t took = runs.sample(what.bodies[at], iterations[at]);
      times[at].push_back(static_cast<double>(took) / static_cast<double>(iterations[at] * what.operations));
    }
    for (std::size_t at = 0; at < count; ++at) {
      const double base = times[what.bodies[at].beside].back();
      ratios[at].push_back(times[at].back() / base);
      differences[at].push_back(times[at].back() - base);
    }
  }

  result all{what.name, what.operations, round, what.wanted, {}};
  for (std::size_t at = 0; at < count; ++at) {
    const std::size_t beside = what.bodies[at].beside;
    all.bodies.push_back({what.bodies[at].name, beside == at ? "" : what.bodies[beside].name, iterations[at],
                          spread_of(times[at]), spread_of(ratios[at]), spread_of(differences[at]),
                          what.bodies[at].count ? what.bodies[at].count() : counts{}});
  }
  return all;
}

}  // namespace farhold::bench
