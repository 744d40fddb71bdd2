// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <filesystem>
#include <vector>

#include "progress.hpp"
#include "route.hpp"

namespace gray_scott {

struct options {
  std::filesystem::path parameters;
  std::filesystem::path seed_image;
  std::filesystem::path output = "gray_scott_output";
  std::filesystem::path report;
  std::vector<way> ways{all_ways.begin(), all_ways.end()};
  progress_mode progress = progress_mode::automatic;
};

/// The command line is over: help was asked for, or something was wrong with it.
struct early_exit {
  int code;
};

/// Every rank parses the same words; only one of them, the `speaker`, writes what there is to say.
options read_options(int argc, char** argv, bool speaker);

}  // namespace gray_scott
