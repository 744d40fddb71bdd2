// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include <ucp/api/ucp.h>

#include "raw_source.hpp"

namespace farhold::bench {

/// A UCX context and worker for remote reads. UCX_TLS and the like hold for it as for farhold's own.
class raw_worker {
 public:
  raw_worker();
  raw_worker(const raw_worker&) = delete;
  raw_worker& operator=(const raw_worker&) = delete;
  ~raw_worker();

  [[nodiscard]] ucp_context_h context() const noexcept { return context_; }
  [[nodiscard]] ucp_worker_h handle() const noexcept { return worker_; }

 private:
  ucp_context_h context_ = nullptr;
  ucp_worker_h worker_ = nullptr;
};

/// What a reader must know of exposed memory.
struct exposure {
  std::vector<std::byte> address, key;
  std::uint64_t base_address = 0;
  std::uint16_t port = 0;  ///< of a listener at 127.0.0.1
};

/// Memory that others can read, and a thread that sleeps until UCX calls: over tcp and UCX's shared memory
/// the process that is read from does the copying.
class raw_exposed {
 public:
  raw_exposed(void* memory, std::uint64_t bytes);
  ~raw_exposed();

  [[nodiscard]] exposure about() const;

 private:
  static void on_call(ucp_conn_request_h call, void* self);
  void listen();
  void serve();

  raw_worker worker_;
  ucp_listener_h listener_ = nullptr;
  std::uint16_t port_ = 0;
  std::vector<ucp_conn_request_h> calls_;  // of the thread
  void* base_;
  ucp_mem_h memory_ = nullptr;
  int stop_event_;
  std::thread thread_;
};

/// Reads by ucp_get_nbx, and progress until it is done.
class raw_get final : public raw_source {
 public:
  enum class by : std::uint8_t { address, listener };
  /// Connects, which is not waited for, and unpacks the key.
  raw_get(const raw_worker& with, const exposure& from, by how = by::address);
  ~raw_get() override;

  void read(std::uint64_t offset, std::byte* to, std::uint64_t bytes) override;
  /// All reads under way at the same time: `count` of `bytes` each, one after the other in both memories.
  void read_batch(std::byte* to, std::uint64_t bytes, std::uint64_t count);

 private:
  [[nodiscard]] void* start(std::uint64_t offset, std::byte* to, std::uint64_t bytes);
  void finish(void* request, const char* what);

  ucp_worker_h worker_;
  ucp_ep_h end_ = nullptr;
  ucp_rkey_h key_ = nullptr;
  std::uint64_t base_address_;
};

}  // namespace farhold::bench
