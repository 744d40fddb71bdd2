// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdlib>
#include <iterator>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/peer.hpp"

namespace farhold::shm::test {

using farhold::test::peer;

/// How a consumer is made to take each path; the name of the path.
struct way {
  const char* name;
  const char* uri;
};
inline constexpr way ways[] = {
    {"mapped", "shm://"}, {"cma", "shm://?same_host=cma"}, {"service", "shm://?same_host=off"}};
inline void PrintTo(const way& w, std::ostream* out) { *out << w.name; }

/// A command that is put in front of a peer's, such as "unshare --pid --fork".
inline std::vector<std::string> words(const std::string& command) {
  std::istringstream in(command);
  return {std::istream_iterator<std::string>(in), {}};
}
inline bool works(const std::string& command) {
  return std::system((command + " true 2>/dev/null").c_str()) == 0;
}
#define FARHOLD_NEEDS(command) \
  if (!works(command)) GTEST_SKIP() << "'" << (command) << "' is not permitted here"

}  // namespace farhold::shm::test
