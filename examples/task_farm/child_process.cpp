// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "child_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace task_farm {

child_process::child_process(const std::vector<std::string>& arguments) {
  std::array<int, 2> down{}, up{};
  if (::pipe2(down.data(), O_CLOEXEC) != 0 || ::pipe2(up.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe");
  std::vector<char*> argv;
  std::string name = "task_farm";
  argv.push_back(name.data());
  std::vector<std::string> copies = arguments;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // no worker outlives its manager
    if (::getppid() != parent) ::_exit(1);
    ::dup2(down[0], STDIN_FILENO);
    ::dup2(up[1], STDOUT_FILENO);
    ::execv("/proc/self/exe", argv.data());
    ::_exit(127);
  }
  ::close(down[0]);
  ::close(up[1]);
  to_ = down[1];
  from_ = up[0];
}

child_process::~child_process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    end();
  }
  ::close(to_);
  ::close(from_);
}

void child_process::write_line(const std::string& line) const noexcept {
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t done = ::write(to_, left.data(), left.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return;
    left.remove_prefix(static_cast<std::size_t>(done));
  }
}

bool child_process::read() {
  std::array<char, 4096> some{};
  ssize_t got = -1;
  do {
    got = ::read(from_, some.data(), some.size());
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  unread_.append(some.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<std::string> child_process::next_line() {
  const auto end = unread_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return line;
}

std::string child_process::end() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFSIGNALED(status)) return "was killed by signal " + std::to_string(WTERMSIG(status));
  return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace task_farm
