// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <memory>

#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

namespace farhold::ofi::detail {

struct fid_closer {
  template <class Fid>
  void operator()(Fid* one) const noexcept {
    static_cast<void>(::fi_close(&one->fid));
  }
};
template <class Fid>
using handle = std::unique_ptr<Fid, fid_closer>;

/// An endpoint with all that is its own.
struct endpoint {
  handle<fid_av> peers;
  handle<fid_cq> completions;
  int wait_fd = -1;  ///< readable when `completions` is worth a look, once fi_trywait agrees; -1: never
  handle<fid_ep> end;

  void close() noexcept {
    end.reset();
    completions.reset();
    peers.reset();
    wait_fd = -1;
  }
};

/// A provider, opened.
///
/// Lifetime  After `open` until destruction; whatever was made with it ends before.
/// Threads   All of it, after `open`.
class domain {
 public:
  domain() = default;
  domain(const domain&) = delete;
  domain& operator=(const domain&) = delete;

  status open(const fi_info& chosen) noexcept;

  [[nodiscard]] const fi_info& info() const noexcept { return *info_; }
  [[nodiscard]] fid_fabric* fabric() const noexcept { return fabric_.get(); }
  [[nodiscard]] bool wants(std::uint64_t mr_mode_bit) const noexcept {
    return (static_cast<std::uint64_t>(info_->domain_attr->mr_mode) & mr_mode_bit) != 0;
  }

  status open_endpoint(endpoint& out) const noexcept;
  /// `used_by`: the endpoint at which others reach it, for providers that must know.
  status register_memory(byte_span memory, std::uint64_t access, fid_ep* used_by,
                         handle<fid_mr>& out) const noexcept;

 private:
  std::unique_ptr<fi_info, void (*)(fi_info*)> info_{nullptr, &::fi_freeinfo};
  handle<fid_fabric> fabric_;
  handle<fid_domain> domain_;
};

}  // namespace farhold::ofi::detail
