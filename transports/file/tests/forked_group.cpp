// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "forked_group.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace farhold::conformance {

forked_group::forked_group(int size) {
  const auto count = static_cast<std::size_t>(size);
  std::vector<std::vector<int>> all(count, std::vector<int>(count, -1));
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = a + 1; b < count; ++b) {
      std::array<int, 2> ends{};
      if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) {
        throw std::system_error(errno, std::generic_category(), "socketpair");
      }
      all[a][b] = ends[0];
      all[b][a] = ends[1];
    }
  }
  const pid_t parent = ::getpid();
  for (int rank = 1; rank < size; ++rank) {
    const pid_t child = ::fork();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(EXIT_FAILURE);
      rank_ = rank;
      children_.clear();
      break;
    }
    children_.push_back(child);
  }
  for (std::size_t a = 0; a < count; ++a) {
    if (a == static_cast<std::size_t>(rank_)) continue;
    for (const int fd : all[a]) {
      if (fd >= 0) ::close(fd);
    }
  }
  sockets_ = all[static_cast<std::size_t>(rank_)];
}

forked_group::~forked_group() {
  for (const int fd : sockets_) {
    if (fd >= 0) ::close(fd);
  }
}

void forked_group::move(int rank, direction way, std::byte* memory, std::size_t size_bytes) {
  const auto end = std::chrono::steady_clock::now() + patience;
  const int fd = sockets_[static_cast<std::size_t>(rank)];
  while (size_bytes > 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd ready{fd, static_cast<short>(way == direction::in ? POLLIN : POLLOUT), 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) {
      throw std::runtime_error("process " + std::to_string(rank) + " does not come");
    }
    const ssize_t moved = way == direction::in ? ::recv(fd, memory, size_bytes, MSG_DONTWAIT)
                                               : ::send(fd, memory, size_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (moved < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (moved <= 0) throw std::runtime_error("process " + std::to_string(rank) + " has ended");
    memory += moved;
    size_bytes -= static_cast<std::size_t>(moved);
  }
}

void forked_group::barrier() {
  for (int root = 0; root < size(); ++root) static_cast<void>(broadcast({}, root));
}

std::vector<std::byte> forked_group::broadcast(std::vector<std::byte> bytes, int root) {
  std::uint64_t size_bytes = bytes.size();
  auto* const raw_size = reinterpret_cast<std::byte*>(&size_bytes);
  if (rank_ != root) {
    move(root, direction::in, raw_size, sizeof size_bytes);
    bytes.resize(size_bytes);
    move(root, direction::in, bytes.data(), bytes.size());
    return bytes;
  }
  for (int other = 0; other < size(); ++other) {
    if (other == root) continue;
    move(other, direction::out, raw_size, sizeof size_bytes);
    move(other, direction::out, bytes.data(), bytes.size());
  }
  return bytes;
}

bool forked_group::join() {
  bool well = true;
  for (const pid_t child : children_) {
    int how = 0;
    well = ::waitpid(child, &how, 0) == child && WIFEXITED(how) && WEXITSTATUS(how) == EXIT_SUCCESS && well;
  }
  children_.clear();
  return well;
}

}  // namespace farhold::conformance
