// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "redis_server.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace farhold::redis {

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  const bool good = ::bind(fd, reinterpret_cast<const sockaddr*>(&at), size) == 0 &&
                    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  ::close(fd);
  if (!good) throw std::system_error(errno, std::generic_category(), "find a free port");
  return ntohs(at.sin_port);
}

redis_server::redis_server(std::vector<std::string> more) : more_(std::move(more)) {
  directory_ = (std::filesystem::temp_directory_path() / "farhold-redis-XXXXXX").string();
  if (::mkdtemp(directory_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), directory_);
  }
  start();
}

redis_server::~redis_server() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void redis_server::start() {
  std::string why;
  const bool again = port_ != 0;
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (!again) port_ = free_port();  // somebody may take it before the server does
    if (try_to_start(why)) return;
  }
  throw std::runtime_error("redis-server does not start: " + why);
}

bool redis_server::try_to_start(std::string& why) {
  std::vector<std::string> words = {FARHOLD_TEST_REDIS_SERVER,
                                    "--port",
                                    std::to_string(port_),
                                    "--bind",
                                    "127.0.0.1",
                                    "--unixsocket",
                                    socket(),
                                    "--dir",
                                    directory_,
                                    "--save",
                                    "",
                                    "--logfile",
                                    directory_ + "/log"};
  words.insert(words.end(), more_.begin(), more_.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() == parent) ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  if (process_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < end) {
    if (answers()) return true;
    int how = 0;
    if (::waitpid(process_, &how, WNOHANG) == process_) {
      process_ = -1;
      why = "it ended with status " + std::to_string(how);
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  kill();
  why = "it does not answer";
  return false;
}

/// Whether it takes commands: it listens before it has loaded its data.
bool redis_server::answers() const {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  socket().copy(at.sun_path, sizeof at.sun_path - 1);
  constexpr std::string_view ping = "PING\r\n";
  std::array<char, 16> answer{};
  const timeval patience{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const bool good =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
      ::send(fd, ping.data(), ping.size(), MSG_NOSIGNAL) > 0 &&
      ::recv(fd, answer.data(), answer.size(), 0) > 0 &&
      (std::strncmp(answer.data(), "+PONG", 5) == 0 || std::strncmp(answer.data(), "-NOAUTH", 7) == 0);
  ::close(fd);
  return good;
}

void redis_server::signal(int number) const {
  if (process_ > 0) ::kill(process_, number);
}

void redis_server::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  int how = 0;
  while (::waitpid(process_, &how, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

}  // namespace farhold::redis
