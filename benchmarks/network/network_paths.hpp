// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "network.hpp"
#include "provenance.hpp"

namespace farhold::bench {

/// A program that measures resolves over one network.
struct network_program {
  const char* name;
  const char* purpose;
  std::vector<const network_way*> ways;
  std::function<provenance()> conditions;  ///< called when all other processes are there
};

/// Its `main`. Starts the other processes itself, and so before there are threads.
int measure_network(int argc, char** argv, const network_program& what);

}  // namespace farhold::bench
