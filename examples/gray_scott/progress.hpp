// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <string>

namespace gray_scott {

/// `live` rewrites one line many times; `sparse` writes a line for every tenth of the way. `automatic` asks
/// whether stderr is a terminal; under most launchers it is a pipe, even if they themselves have a terminal.
enum class progress_mode { automatic, live, sparse, off };

/// How far a run has come, on stderr.
class progress {
 public:
  progress(progress_mode mode, std::string label, int steps);

  void update(int step);
  void finish();

 private:
  using clock = std::chrono::steady_clock;

  void show(int step);

  progress_mode mode_;
  std::string label_;
  int steps_;
  int next_tenth_ = 0;
  clock::time_point start_ = clock::now();
  clock::time_point last_shown_{};
};

}  // namespace gray_scott
