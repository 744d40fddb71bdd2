// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <ostream>

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

}  // namespace farhold::shm::test
