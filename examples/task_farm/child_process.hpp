// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace task_farm {

/// A process that is given lines and answers with lines.
///
/// Lifetime  The process is killed with its object, if it has not ended.
class child_process {
 public:
  /// Runs this program again with other arguments. Throws std::system_error.
  explicit child_process(const std::vector<std::string>& arguments);
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  ~child_process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Readable when there is something to `read`.
  [[nodiscard]] int descriptor() const noexcept { return from_; }

  /// What became of a process that has ended is seen by reading from it.
  void write_line(const std::string& line) const noexcept;
  /// Takes what there is. False once the process has closed its end.
  bool read();
  /// The next whole line of what was read.
  std::optional<std::string> next_line();
  /// Waits for its end, and says what it was: "was killed by signal 9".
  std::string end();

 private:
  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::string unread_;
};

}  // namespace task_farm
