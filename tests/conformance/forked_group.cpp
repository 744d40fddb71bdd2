// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "forked_group.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace farhold::conformance {

namespace {

using steady = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) { throw std::runtime_error(std::string("forked group: ") + what); }

/// One end of a connection between two of the processes.
class line {
 public:
  explicit line(int fd) : fd_(fd) {}
  line(line&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  line& operator=(line&&) = delete;
  ~line() {
    if (fd_ >= 0) ::close(fd_);
  }

  void send(byte_view message, steady::time_point until) const {
    const std::uint64_t size_bytes = message.size();
    write(std::as_bytes(std::span(&size_bytes, 1)), until);
    write(message, until);
  }

  [[nodiscard]] std::vector<std::byte> receive(steady::time_point until) const {
    std::uint64_t size_bytes = 0;
    read(std::as_writable_bytes(std::span(&size_bytes, 1)), until);
    std::vector<std::byte> message(size_bytes);
    read(message, until);
    return message;
  }

 private:
  void write(byte_view bytes, steady::time_point until) const {
    while (!bytes.empty()) {
      const ssize_t moved = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (moved >= 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(moved));
      } else {
        await(POLLOUT, until);
      }
    }
  }

  void read(byte_span bytes, steady::time_point until) const {
    while (!bytes.empty()) {
      const ssize_t moved = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (moved == 0) fail("another process has ended");
      if (moved > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(moved));
      } else {
        await(POLLIN, until);
      }
    }
  }

  /// After a transfer that did not go on.
  void await(short event, steady::time_point until) const {
    if (errno == EPIPE || errno == ECONNRESET) fail("another process has ended");
    if (errno != EAGAIN && errno != EINTR) fail("a socket failed");
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - steady::now()).count();
    if (left <= 0) fail("the other processes do not come");
    pollfd ready{fd_, event, 0};
    static_cast<void>(::poll(&ready, 1, static_cast<int>(left)));
  }

  int fd_;
};

/// A star: rank 0 has a line to each of the others, and these have one to rank 0.
class forked_group final : public process_group {
 public:
  forked_group(int rank, int size, std::vector<line> lines, std::chrono::seconds patience)
      : rank_(rank), size_(size), lines_(std::move(lines)), patience_(patience) {}

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }

  void barrier() override {
    const auto until = steady::now() + patience_;
    if (rank_ != 0) lines_.front().send({}, until);
    for (const line& l : lines_) static_cast<void>(l.receive(until));
    if (rank_ != 0) return;
    for (const line& l : lines_) l.send({}, until);
  }

  [[nodiscard]] std::vector<std::byte> broadcast(std::vector<std::byte> bytes, int root) override {
    const auto until = steady::now() + patience_;
    if (rank_ == 0) {
      if (root != 0) bytes = lines_[static_cast<std::size_t>(root) - 1].receive(until);
      for (int other = 1; other < size_; ++other) {
        if (other != root) lines_[static_cast<std::size_t>(other) - 1].send(bytes, until);
      }
      return bytes;
    }
    if (rank_ != root) return lines_.front().receive(until);
    lines_.front().send(bytes, until);
    return bytes;
  }

 private:
  int rank_;
  int size_;
  std::vector<line> lines_;
  std::chrono::seconds patience_;
};

/// What a new process does.
[[noreturn]] void be(forked_group mine, const std::function<int(process_group&)>& body, pid_t parent) {
  // Nothing may outlive the test, however it ends.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) std::_Exit(EXIT_FAILURE);
  int result = EXIT_FAILURE;
  try {
    result = body(mine);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "rank %d: %s\n", mine.rank(), problem.what());
  }
  std::exit(result);
}

bool ended_well(pid_t process, int rank) {
  int how = 0;
  while (::waitpid(process, &how, 0) < 0) {
    if (errno != EINTR) return false;
  }
  if (WIFSIGNALED(how)) std::fprintf(stderr, "rank %d was ended by signal %d\n", rank, WTERMSIG(how));
  return WIFEXITED(how) && WEXITSTATUS(how) == EXIT_SUCCESS;
}

}  // namespace

int run_forked(int count, const std::function<int(process_group&)>& body, std::chrono::seconds patience) {
  std::vector<line> of_first;
  std::vector<line> of_others;
  for (int other = 1; other < count; ++other) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail("no socket pair");
    of_first.emplace_back(ends[0]);
    of_others.emplace_back(ends[1]);
  }
  std::fflush(nullptr);  // or each process would write what is waiting
  const pid_t parent = ::getpid();
  std::vector<pid_t> processes;
  for (int rank = 0; rank < count; ++rank) {
    const pid_t process = ::fork();
    if (process == 0) {
      std::vector<line> mine;
      if (rank == 0) {
        mine = std::move(of_first);
      } else {
        mine.push_back(std::move(of_others[static_cast<std::size_t>(rank) - 1]));
      }
      // The ends of the others: who holds one does not notice that its owner has ended.
      std::vector<line>().swap(of_first);
      std::vector<line>().swap(of_others);
      be({rank, count, std::move(mine), patience}, body, parent);
    }
    if (process < 0) break;
    processes.push_back(process);
  }
  std::vector<line>().swap(of_first);
  std::vector<line>().swap(of_others);
  bool good = processes.size() == static_cast<std::size_t>(count);
  if (!good) std::fprintf(stderr, "forked group: only %zu of %d processes began\n", processes.size(), count);
  for (std::size_t rank = 0; rank < processes.size(); ++rank) {
    good = ended_well(processes[rank], static_cast<int>(rank)) && good;
  }
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace farhold::conformance
