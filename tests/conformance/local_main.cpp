// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/local.hpp>

#include "backend.hpp"

int main(int argc, char** argv) {
  using namespace farhold::conformance;
  alone group;
  backend local;
  local.name = "local";
  local.connect = [](std::uint64_t) { return farhold::local::connector(); };
  local.way = farhold::path::local;
  local.lacks[feature::exact_capacity] = "its limit is the memory of the process";
  return run(argc, argv, group, local);
}
