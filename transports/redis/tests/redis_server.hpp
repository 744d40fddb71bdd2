// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace farhold::redis {

/// A Redis server of the test's own: a process, on a free port of this host and a unix socket in a directory
/// of its own, with nothing on disk unless told.
///
/// Lifetime  Ends with the object, and with the test.
class redis_server {
 public:
  /// `more` are options of redis-server, such as {"--maxmemory", "20mb"}.
  explicit redis_server(std::vector<std::string> more = {});
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;
  ~redis_server();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] std::string socket() const { return directory_ + "/socket"; }
  [[nodiscard]] std::string uri(const std::string& rest = "/0") const {
    return "redis://127.0.0.1:" + std::to_string(port_) + rest;
  }

  void kill();   ///< SIGKILL, and waits for its end
  void start();  ///< again, at the same place
  void signal(int number) const;

 private:
  [[nodiscard]] bool try_to_start(std::string& why);
  [[nodiscard]] bool answers() const;

  std::string directory_;
  std::vector<std::string> more_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
};

/// A port of the loopback interface where nobody listens now.
std::uint16_t free_port();

}  // namespace farhold::redis
