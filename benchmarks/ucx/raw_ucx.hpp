// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include <ucp/api/ucp.h>

#include "network.hpp"

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

/// Over tcp and UCX's shared memory the process that is read from does the copying.
class ucx_exposed final : public raw_exposed {
 public:
  explicit ucx_exposed(std::span<word> memory);
  ~ucx_exposed() override;

  [[nodiscard]] exposure about() const override;

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
class raw_get final : public raw_reader {
 public:
  enum class by : std::uint8_t { address, listener };
  /// Connects, which is not waited for, and unpacks the key.
  raw_get(const raw_worker& with, const exposure& from, by how);
  ~raw_get() override;

  void read(std::uint64_t offset, std::byte* to, std::uint64_t bytes) override;
  void read_batch(std::byte* to, std::uint64_t bytes, std::uint64_t count) override;

 private:
  [[nodiscard]] void* start(std::uint64_t offset, std::byte* to, std::uint64_t bytes);
  void finish(void* request, const char* what);

  ucp_worker_h worker_;
  ucp_ep_h end_ = nullptr;
  ucp_rkey_h key_ = nullptr;
  std::uint64_t base_address_;
};

class ucx_end final : public raw_end {
 public:
  [[nodiscard]] std::unique_ptr<raw_reader> meet(const exposure& whom, std::size_t how) override {
    return std::make_unique<raw_get>(worker_, whom, how == 0 ? raw_get::by::address : raw_get::by::listener);
  }

 private:
  raw_worker worker_;
};

}  // namespace farhold::bench
