// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "spawned_group.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace farhold::conformance {

namespace {

constexpr int line_of_members = 3;

}  // namespace

std::optional<std::string_view> spawned_group::argument(int argc, char** argv, std::string_view name) {
  const std::string flag = "--" + std::string(name) + "=";
  std::optional<std::string_view> value;
  for (int i = 1; i < argc; ++i) {
    if (const std::string_view text = argv[i]; text.starts_with(flag)) value = text.substr(flag.size());
  }
  return value;
}

spawned_group::spawned_group(int argc, char** argv, std::chrono::seconds patience) : patience_(patience) {
  // Where only descendants may be looked into (Yama), these may too.
  ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  const auto number = [&](std::string_view name, int otherwise) {
    const auto value = argument(argc, argv, name);
    return value ? std::stoi(std::string(*value)) : otherwise;
  };
  size_ = number("np", 1);
  rank_ = number("member", 0);
  if (rank_ == 0) {
    start_others(argc, argv);
  } else {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    lines_.push_back(line_of_members);
  }
}

void spawned_group::start_others(int argc, char** argv) {
  for (int member = 1; member < size_; ++member) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw std::runtime_error("socketpair");
    std::string as_member = "--member=" + std::to_string(member);
    std::vector<char*> arguments(argv, argv + argc);
    arguments.push_back(as_member.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, ends[1], line_of_members);
    pid_t child = 0;
    const int failed = ::posix_spawn(&child, "/proc/self/exe", &files, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::close(ends[1]);
    lines_.push_back(ends[0]);
    if (failed != 0) throw std::runtime_error("posix_spawn: " + std::string(std::strerror(failed)));
    children_.push_back(child);
  }
}

spawned_group::~spawned_group() {
  for (const int line : lines_) ::close(line);  // whoever still waits for the first one gives up
  for (const pid_t child : children_) ::waitpid(child, nullptr, 0);
}

void spawned_group::transfer(int line, std::byte* memory, std::size_t bytes, bool out) {
  const auto end = std::chrono::steady_clock::now() + patience_;
  while (bytes > 0) {
    pollfd ready{line, static_cast<short>(out ? POLLOUT : POLLIN), 0};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0)
      throw std::runtime_error("another process does not come");
    const ssize_t moved = out ? ::send(line, memory, bytes, MSG_NOSIGNAL | MSG_DONTWAIT)
                              : ::recv(line, memory, bytes, MSG_DONTWAIT);
    if (moved < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (moved <= 0) throw std::runtime_error("another process has ended");
    memory += moved;
    bytes -= static_cast<std::size_t>(moved);
  }
}

void spawned_group::send(int to, const std::vector<std::byte>& bytes) {
  const int line = lines_[static_cast<std::size_t>(rank_ == 0 ? to - 1 : 0)];
  std::uint64_t size = bytes.size();
  transfer(line, reinterpret_cast<std::byte*>(&size), sizeof size, true);
  transfer(line, const_cast<std::byte*>(bytes.data()), bytes.size(), true);
}

std::vector<std::byte> spawned_group::receive(int from) {
  const int line = lines_[static_cast<std::size_t>(rank_ == 0 ? from - 1 : 0)];
  std::uint64_t size = 0;
  transfer(line, reinterpret_cast<std::byte*>(&size), sizeof size, false);
  std::vector<std::byte> bytes(size);
  transfer(line, bytes.data(), bytes.size(), false);
  return bytes;
}

void spawned_group::barrier() {
  if (rank_ != 0) {
    send(0, {});
    static_cast<void>(receive(0));
    return;
  }
  for (int member = 1; member < size_; ++member) static_cast<void>(receive(member));
  for (int member = 1; member < size_; ++member) send(member, {});
}

std::vector<std::byte> spawned_group::broadcast(std::vector<std::byte> bytes, int root) {
  if (rank_ != 0) {
    if (rank_ != root) return receive(0);
    send(0, bytes);
    return bytes;
  }
  if (root != 0) bytes = receive(root);
  for (int member = 1; member < size_; ++member) {
    if (member != root) send(member, bytes);
  }
  return bytes;
}

}  // namespace farhold::conformance
