// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "plan.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace task_farm {

plan make_plan(const std::vector<std::string>& paths, std::uint64_t part_bytes) {
  plan tasks;
  for (const std::string& path : paths) {
    const std::uint64_t size = std::filesystem::file_size(path);
    for (std::uint64_t from = 0; from < size || from == 0; from += part_bytes) {
      task counting;
      counting.part = {path, from, std::min(from + part_bytes, size)};
      tasks.push_back(std::move(counting));
    }
  }
  // Each merge stands behind its inputs, and the next takes its result.
  for (std::size_t next = 0; next + 1 < tasks.size(); next += 2) {
    task merging;
    merging.inputs = {next, next + 1};
    tasks.push_back(std::move(merging));
  }
  return tasks;
}

std::vector<std::size_t> runnable(const plan& tasks) {
  std::vector<std::size_t> now;
  std::vector<std::size_t> needed{tasks.size() - 1};  // a tree: nothing is needed twice
  while (!needed.empty()) {
    const std::size_t id = needed.back();
    needed.pop_back();
    const task& one = tasks[id];
    if (one.result || one.running) continue;
    bool ready = true;
    for (const std::size_t input : one.inputs) {
      ready = ready && tasks[input].result.has_value();
      needed.push_back(input);
    }
    if (ready) now.push_back(id);
  }
  std::ranges::sort(now);
  return now;
}

}  // namespace task_farm
