// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>

#include "network.hpp"

namespace farhold::bench {

struct fid_closer {
  template <class Fid>
  void operator()(Fid* one) const noexcept {
    static_cast<void>(::fi_close(&one->fid));
  }
};
template <class Fid>
using fid_handle = std::unique_ptr<Fid, fid_closer>;

/// A domain of a provider with one endpoint for remote reads.
class ofi_endpoint {
 public:
  /// `provider` by its whole name.
  explicit ofi_endpoint(const std::string& provider);

  [[nodiscard]] bool wants(std::uint64_t mr_mode_bit) const noexcept;
  [[nodiscard]] fid_handle<fid_mr> register_memory(const void* memory, std::uint64_t bytes,
                                                   std::uint64_t access) const;
  [[nodiscard]] fid_fabric* fabric() const noexcept { return fabric_.get(); }
  [[nodiscard]] fid_av* peers() const noexcept { return peers_.get(); }
  [[nodiscard]] fid_cq* completions() const noexcept { return completions_.get(); }
  [[nodiscard]] fid_ep* end() const noexcept { return end_.get(); }

 private:
  const fi_info* info_;  // of the process, to its end
  fid_handle<fid_fabric> fabric_;
  fid_handle<fid_domain> domain_;
  fid_handle<fid_av> peers_;
  fid_handle<fid_cq> completions_;
  fid_handle<fid_ep> end_;
};

/// Providers in software read only while the process that is read makes progress.
class ofi_exposed final : public raw_exposed {
 public:
  ofi_exposed(const std::string& provider, std::span<word> memory);
  ~ofi_exposed() override;

  [[nodiscard]] exposure about() const override;

 private:
  void serve();

  ofi_endpoint at_;
  std::span<word> span_;
  fid_handle<fid_mr> memory_;
  int stop_event_;
  std::thread thread_;
};

class ofi_end final : public raw_end {
 public:
  explicit ofi_end(const std::string& provider) : at_(provider) {}
  [[nodiscard]] std::unique_ptr<raw_reader> meet(const exposure& whom, std::size_t how) override;

 private:
  ofi_endpoint at_;
};

}  // namespace farhold::bench
