// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace farhold::tools {

/// One thing that is so on this host, and what to do if it should not be.
struct host_fact {
  std::string key;    ///< in JSON
  std::string label;  ///< for people
  nlohmann::json value;
  std::string text;     ///< of the value, for people
  std::string problem;  ///< empty: none
  std::string cure;
};

/// What farhold depends on: kernel, memory, limits, devices.
std::vector<host_fact> host_facts();

}  // namespace farhold::tools
