// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "progress.hpp"

#include <cstdint>
#include <cstdio>
#include <utility>

#include <unistd.h>

namespace gray_scott {

progress::progress(progress_mode mode, std::string label, int steps)
    : mode_(mode), label_(std::move(label)), steps_(steps) {
  if (mode_ == progress_mode::automatic) {
    mode_ = isatty(STDERR_FILENO) != 0 ? progress_mode::live : progress_mode::sparse;
  }
}

void progress::update(int step) {
  using namespace std::chrono_literals;
  if (mode_ == progress_mode::live && clock::now() - last_shown_ > 100ms) {
    last_shown_ = clock::now();
    show(step);
  }
  if (mode_ == progress_mode::sparse && std::int64_t{step} * 10 >= std::int64_t{steps_} * next_tenth_) {
    next_tenth_ = static_cast<int>(std::int64_t{step} * 10 / steps_) + 1;
    show(step);
  }
}

void progress::finish() {
  if (mode_ == progress_mode::live) {
    show(steps_);
    std::fputc('\n', stderr);
  }
}

void progress::show(int step) {
  const double seconds = std::chrono::duration<double>(clock::now() - start_).count();
  const double rate = seconds > 0 ? step / seconds : 0;
  char left[32] = "";
  if (step > 0 && step < steps_) {
    std::snprintf(left, sizeof left, "  %.0f s left", (steps_ - step) / rate);
  }
  const bool live = mode_ == progress_mode::live;
  // One write for the whole line: launchers pass on what arrives, and half lines would mix. The blanks cover
  // what a longer line left behind.
  std::fprintf(stderr, "%s%s  %3d %%  step %d of %d  %.0f steps/s%s%s", live ? "\r" : "", label_.c_str(),
               static_cast<int>(std::int64_t{step} * 100 / steps_), step, steps_, rate, left,
               live ? "        " : "\n");
  std::fflush(stderr);
}

}  // namespace gray_scott
