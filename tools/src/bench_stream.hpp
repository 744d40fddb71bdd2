// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "detail/descriptor.hpp"
#include "raw_memory.hpp"

namespace farhold::tools {

/// Sends bytes of `memory` over TCP, to whoever knows its secret, as many as are asked for: what farhold is
/// compared with where nobody reads another's memory.
///
/// Lifetime  Serves until it ends. The memory must outlive it.
class stream_server {
 public:
  /// `far`: for other hosts, too; else for this one only.
  stream_server(byte_view memory, bool far);
  stream_server(const stream_server&) = delete;
  stream_server& operator=(const stream_server&) = delete;
  ~stream_server();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::uint64_t secret() const noexcept { return secret_; }

 private:
  void serve();
  void answer(int connection) const;

  byte_view memory_;
  farhold::detail::descriptor listener_;
  std::uint16_t port_ = 0;
  std::uint64_t secret_ = 0;
  std::atomic<bool> over_{false};
  std::atomic<int> connection_{-1};
  std::thread serving_;
};

/// The other end. Throws std::system_error or `error` if it cannot be reached.
std::unique_ptr<bench::raw_source> raw_stream(const std::string& host, std::uint16_t port,
                                              std::uint64_t secret);

}  // namespace farhold::tools
