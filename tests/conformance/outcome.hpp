// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <ostream>
#include <string>

#include <gmock/gmock.h>

#include <farhold/error.hpp>

namespace farhold::conformance {

/// How a call went.
struct outcome {
  errc kind = errc::ok;
  std::string message;
  std::chrono::nanoseconds took{};

  friend std::ostream& operator<<(std::ostream& out, const outcome& o) {
    return out << farhold::to_string(o.kind) << " after "
               << std::chrono::duration_cast<std::chrono::milliseconds>(o.took).count()
               << " ms: " << o.message;
  }
};

template <class Call>
outcome outcome_of(Call&& call) {
  outcome result;
  const auto began = std::chrono::steady_clock::now();
  try {
    static_cast<void>(call());
  } catch (const error& problem) {
    result.kind = problem.kind();
    result.message = problem.what();
  }
  result.took = std::chrono::steady_clock::now() - began;
  return result;
}

MATCHER_P(fails_with, kind, std::string("fails with ") + farhold::to_string(kind)) {
  static_cast<void>(result_listener);
  return arg.kind == kind;
}

}  // namespace farhold::conformance
