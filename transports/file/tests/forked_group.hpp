// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <vector>

#include <sys/types.h>

#include "conformance/backend.hpp"

namespace farhold::conformance {

/// Processes forked from one before it did anything, each connected to each.
class forked_group final : public process_group {
 public:
  /// Returns in `size` processes. The first one is the one that called.
  explicit forked_group(int size);
  ~forked_group() override;

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return static_cast<int>(sockets_.size()); }
  void barrier() override;
  [[nodiscard]] std::vector<std::byte> broadcast(std::vector<std::byte> bytes, int root) override;
  /// On the first process: waits for the others; whether all of them succeeded.
  [[nodiscard]] bool join();

 private:
  static constexpr std::chrono::seconds patience{45};
  enum class direction { in, out };
  void move(int rank, direction way, std::byte* memory, std::size_t size_bytes);

  int rank_ = 0;
  std::vector<int> sockets_;  // to each of the others
  std::vector<pid_t> children_;
};

}  // namespace farhold::conformance
