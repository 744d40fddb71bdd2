// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "statistics.hpp"

namespace farhold::bench {

/// What was counted beside the time, by name and unit, such as "payload through the dispatcher, B".
using counts = std::map<std::string, double>;

/// One thing to be timed: `run(n)` does it n times.
struct body {
  std::string name;
  std::function<void(std::uint64_t)> prepare;  ///< untimed, before each `run` of the same n; may be empty
  std::function<void(std::uint64_t)> run;
  std::function<bool()> verify;        ///< untimed, after each `run`: whether the bytes are right
  std::function<counts()> count = {};  ///< called once, after the last round; may be empty
  std::size_t beside = 0;              ///< index of the body that this one is compared with
};

/// What the last body of a comparison should keep. By itself, or against its baseline.
struct goal {
  enum class kind : std::uint8_t { none, nanoseconds, nanoseconds_more, times_as_long };
  kind what = kind::none;
  double limit = 0;
};

/// Bodies that do the same thing in different ways. The first is a baseline.
struct comparison {
  std::string name;
  std::vector<body> bodies = {};
  std::uint64_t operations = 1;      ///< in one of `n`, such as the objects of a batch
  std::uint64_t max_iterations = 1;  ///< the largest n that `prepare` has room for
  goal wanted{};
};

/// How long and how often.
struct settings {
  std::uint64_t rounds = 101;
  std::uint64_t min_rounds = 9;
  std::chrono::nanoseconds sample = std::chrono::milliseconds(2);  ///< one `run` lasts as long, if n may
  std::chrono::nanoseconds budget =
      std::chrono::milliseconds(3000);         ///< of one comparison, if min_rounds fit
  std::function<std::uint64_t()> now_ns = {};  ///< a clock; steady_clock if empty
};

/// Times are per operation, in nanoseconds. Ratio and difference are taken round by round, because what
/// disturbs one round disturbs all its bodies, and medians of the two times apart would keep it.
struct measured {
  std::string name;
  std::string beside;  ///< the body it was compared with; empty for a baseline
  std::uint64_t iterations = 0;
  spread ns;
  spread ratio;
  spread difference_ns;
  counts counted;
};

struct result {
  std::string name;
  std::uint64_t operations = 1;
  std::uint64_t rounds = 0;
  goal wanted{};
  std::vector<measured> bodies;
};

/// A body whose bytes were wrong.
class wrong_bytes : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs the bodies in turn, round after round, in the opposite order in every other round. Each body is
/// calibrated first, which is also its warm-up. Throws `wrong_bytes` as soon as a body's verifier says so.
[[nodiscard]] result measure(const comparison& what, const settings& how);

}  // namespace farhold::bench
