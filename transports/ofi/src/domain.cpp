// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "domain.hpp"

#include <atomic>

#include "errors.hpp"

namespace farhold::ofi::detail {

namespace {

/// Keys of the process's own choosing, where the provider leaves it to us: never the same twice.
std::atomic<std::uint64_t> next_key{1};

}  // namespace

status domain::open(const fi_info& chosen) noexcept {
  info_.reset(::fi_dupinfo(&chosen));
  if (info_ == nullptr) return {errc::out_of_memory, 0, "remember a provider"};
  fid_fabric* fabric = nullptr;
  if (const int code = ::fi_fabric(info_->fabric_attr, &fabric, nullptr); code != 0)
    return from_fi(code, "open a fabric");
  fabric_.reset(fabric);
  fid_domain* made = nullptr;
  if (const int code = ::fi_domain(fabric, info_.get(), &made, nullptr); code != 0)
    return from_fi(code, "open a fabric's domain");
  domain_.reset(made);
  return {};
}

status domain::open_endpoint(endpoint& out) const noexcept {
  fi_av_attr table{};
  table.type = info_->domain_attr->av_type;
  fid_av* peers = nullptr;
  if (const int code = ::fi_av_open(domain_.get(), &table, &peers, nullptr); code != 0)
    return from_fi(code, "open a table of addresses");
  out.peers.reset(peers);

  fi_cq_attr queue{};
  queue.format = FI_CQ_FORMAT_CONTEXT;
  queue.wait_obj = FI_WAIT_FD;
  fid_cq* completions = nullptr;
  int code = ::fi_cq_open(domain_.get(), &queue, &completions, nullptr);
  const bool can_wait = code == 0;
  if (!can_wait) {
    queue.wait_obj = FI_WAIT_NONE;
    code = ::fi_cq_open(domain_.get(), &queue, &completions, nullptr);
  }
  if (code != 0) return from_fi(code, "open a completion queue");
  out.completions.reset(completions);
  if (can_wait && ::fi_control(&completions->fid, FI_GETWAIT, &out.wait_fd) != 0) out.wait_fd = -1;

  fid_ep* end = nullptr;
  if (code = ::fi_endpoint(domain_.get(), info_.get(), &end, nullptr); code != 0)
    return from_fi(code, "open an endpoint");
  out.end.reset(end);
  if (code = ::fi_ep_bind(end, &peers->fid, 0); code != 0) return from_fi(code, "bind an endpoint");
  if (code = ::fi_ep_bind(end, &completions->fid, FI_TRANSMIT | FI_RECV); code != 0)
    return from_fi(code, "bind an endpoint");
  if (code = ::fi_enable(end); code != 0) return from_fi(code, "enable an endpoint");
  return {};
}

status domain::register_memory(byte_span memory, std::uint64_t access, fid_ep* used_by,
                               handle<fid_mr>& out) const noexcept {
  const std::uint64_t key = wants(FI_MR_PROV_KEY) ? 0 : next_key.fetch_add(1, std::memory_order_relaxed);
  fid_mr* made = nullptr;
  if (const int code =
          ::fi_mr_reg(domain_.get(), memory.data(), memory.size(), access, 0, key, 0, &made, nullptr);
      code != 0) {
    return from_fi(code, "register memory");
  }
  out.reset(made);
  if (!wants(FI_MR_ENDPOINT) || used_by == nullptr) return {};
  int code = ::fi_mr_bind(made, &used_by->fid, 0);
  if (code == 0) code = ::fi_mr_enable(made);
  return code == 0 ? status{} : from_fi(code, "bind registered memory to its endpoint");
}

}  // namespace farhold::ofi::detail
