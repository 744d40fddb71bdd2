// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "signals.hpp"

#include <array>
#include <cstdlib>

#include <pthread.h>

namespace farhold::tools {

namespace {
/// Wakes the thread that waits for the others.
constexpr int wake_up = SIGUSR2;
}  // namespace

sigset_t ending_signals() {
  sigset_t all;
  sigemptyset(&all);
  for (const int signal : std::array{SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) sigaddset(&all, signal);
  }
  return all;
}

void block(const sigset_t& signals) { ::pthread_sigmask(SIG_BLOCK, &signals, nullptr); }

void end_by(int signal) {
  ::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  ::raise(signal);
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  std::_Exit(128 + signal);
}

interruption::interruption() : awaited_(ending_signals()) {
  sigaddset(&awaited_, wake_up);
  block(awaited_);
  waiting_ = std::thread([this] { wait(); });
}

interruption::~interruption() {
  ::pthread_kill(waiting_.native_handle(), wake_up);
  waiting_.join();
}

void interruption::wait() {
  int signal = 0;
  while (::sigwait(&awaited_, &signal) == 0 && signal != wake_up) {
    if (caught_.exchange(signal) != 0) end_by(signal);
    source_.request_stop();
  }
}

}  // namespace farhold::tools
