// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <random>

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/// Stops the process at random moments, for longer and shorter than grace periods, as long as this lives: a
/// child sends SIGSTOP and SIGCONT.
///
/// Lifetime  Made before there are other threads; the child ends with its parent whatever becomes of it.
class pauses {
 public:
  pauses() {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    void* const at =
        ::mmap(nullptr, sizeof *count_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) std::abort();
    count_ = new (at) std::atomic<std::uint64_t>(0);
    const pid_t parent = ::getpid();
    child_ = ::fork();
    if (child_ < 0) std::abort();
    if (child_ == 0) {
      ::close(ends[1]);
      stop_now_and_then(parent, ends[0], *count_);
    }
    ::close(ends[0]);
    end_ = ends[1];
  }
  pauses(const pauses&) = delete;
  pauses& operator=(const pauses&) = delete;
  ~pauses() {
    ::close(end_);
    ::waitpid(child_, nullptr, 0);
    ::munmap(count_, sizeof *count_);
  }
  /// How often it was stopped.
  [[nodiscard]] std::uint64_t count() const { return *count_; }

 private:
  /// Returns true after `ms`, false when the parent has closed its end.
  static bool passes(int until, int ms) {
    pollfd closed{until, POLLIN, 0};
    return ::poll(&closed, 1, ms) == 0;
  }

  [[noreturn]] static void stop_now_and_then(pid_t parent, int until, std::atomic<std::uint64_t>& count) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::minstd_rand random(static_cast<unsigned>(parent));
    while (::getppid() == parent && passes(until, static_cast<int>(random() % 200))) {
      ::kill(parent, SIGSTOP);
      ++count;
      // Mostly some milliseconds, which outlasts the short grace periods; sometimes the long one.
      const bool goes_on = passes(until, static_cast<int>(random() % 8 == 0 ? 120 : random() % 10));
      ::kill(parent, SIGCONT);
      if (!goes_on) break;
    }
    ::_exit(0);
  }

  pid_t child_ = -1;
  int end_ = -1;
  std::atomic<std::uint64_t>* count_ = nullptr;  // shared with the child
};
