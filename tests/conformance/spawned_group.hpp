// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "backend.hpp"

namespace farhold::conformance {

/// Processes of one program that have nothing in common but a pipe to the first of them, which starts the
/// others anew (exec) when it is started with `--np=N`. They agree on things through it.
class spawned_group final : public process_group {
 public:
  /// Becomes a member. In the first process this starts the others, with its own arguments.
  spawned_group(int argc, char** argv, std::chrono::seconds patience = std::chrono::seconds(45));
  /// The first one waits for the others to end; what they leave behind is killed.
  ~spawned_group() override;

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }
  void barrier() override;
  [[nodiscard]] std::vector<std::byte> broadcast(std::vector<std::byte> bytes, int root) override;

  /// The value of `--name=value` among the arguments.
  static std::optional<std::string_view> argument(int argc, char** argv, std::string_view name);

 private:
  void start_others(int argc, char** argv);
  void send(int to, const std::vector<std::byte>& bytes);
  [[nodiscard]] std::vector<std::byte> receive(int from);
  void transfer(int line, std::byte* memory, std::size_t bytes, bool out);

  int rank_ = 0;
  int size_ = 1;
  std::chrono::seconds patience_;
  std::vector<int> lines_;  // of the first: to member i + 1; of the others: to the first
  std::vector<pid_t> children_;
};

}  // namespace farhold::conformance
