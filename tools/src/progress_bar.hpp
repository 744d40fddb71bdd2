// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace farhold::tools {

/// One line on stderr that is written again and again, and gone at the end.
class progress_bar {
 public:
  progress_bar(const std::string& name, std::uint64_t total_bytes, bool shown);
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;
  ~progress_bar();

  void advance(std::uint64_t bytes);

  /// The line: " 42 %  [########------------]  1.7 of 4.0 GiB, 1.2 GiB/s, 2 s left  input.dat".
  static std::string line(std::string_view name, std::uint64_t done, std::uint64_t total,
                          std::chrono::duration<double> elapsed);

 private:
  void draw();

  std::string name_;
  std::uint64_t total_bytes_;
  std::uint64_t done_bytes_ = 0;
  bool shown_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace farhold::tools
