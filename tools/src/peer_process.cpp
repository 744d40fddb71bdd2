// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "peer_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <farhold/error.hpp>

#include "text.hpp"

namespace farhold::tools {

namespace {

using namespace std::chrono_literals;

std::array<descriptor, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  return {descriptor(ends[0]), descriptor(ends[1])};
}

/// Serves until nobody holds the other end of `from_parent`.
void serve(const std::string& line, int to_parent, int from_parent) {
  if (::write(to_parent, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return;
  char nothing = 0;
  while (::read(from_parent, &nothing, 1) < 0 && errno == EINTR) {
  }
}

}  // namespace

peer_process::peer_process(const std::function<std::string()>& begin) {
  auto up = make_pipe();
  auto down = make_pipe();
  child_ = ::fork();
  if (child_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    up[0].close();
    down[1].close();
    try {
      serve(begin() + "\n", up[1].get(), down[0].get());
    } catch (const std::exception& problem) {
      say(problem.what());
    }
    std::_Exit(0);  // whatever happened: what the first process does next is none of the second one's
  }
  from_child_ = std::move(up[0]);
  to_child_ = std::move(down[1]);
}

peer_process::~peer_process() {
  ::kill(child_, SIGKILL);
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::string peer_process::line(std::chrono::milliseconds patience) {
  std::string line;
  const auto end = std::chrono::steady_clock::now() + patience;
  while (line.empty() || line.back() != '\n') {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd ready{from_child_.get(), POLLIN, 0};
    if (left <= 0ms || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0)
      throw error(errc::timeout, "opening the store took a second process more than " +
                                     std::to_string(patience.count() / 1000) + " s");
    std::array<char, 4096> some{};
    const ssize_t got = ::read(from_child_.get(), some.data(), some.size());
    if (got <= 0) throw error(errc::producer_lost, "a second process that opened the store ended");
    line.append(some.data(), static_cast<std::size_t>(got));
  }
  line.pop_back();
  return line;
}

}  // namespace farhold::tools
