// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "words.hpp"

namespace task_farm {

/// One step: words of a part of a file are counted, or two results merged.
struct task {
  file_part part;                   ///< of one that counts
  std::vector<std::size_t> inputs;  ///< of one that merges: the tasks whose results it takes
  int attempts = 0;
  bool running = false;
  std::optional<std::string> result;  ///< the token, while there is an object behind it
  std::size_t worker = 0;             ///< the one that has it

  [[nodiscard]] bool counts() const noexcept { return inputs.empty(); }
};

/// A tree: the last task's result is the answer.
using plan = std::vector<task>;

/// Parts of at most `part_bytes` of all files, and merges by twos. Throws std::filesystem::filesystem_error.
plan make_plan(const std::vector<std::string>& paths, std::uint64_t part_bytes);

/// The tasks that can run now and are needed for the answer. What was made and is lost is needed again, and
/// so is what it was made from.
std::vector<std::size_t> runnable(const plan& tasks);

}  // namespace task_farm
