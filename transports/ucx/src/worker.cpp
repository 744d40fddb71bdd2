// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "worker.hpp"

#include <memory>
#include <new>
#include <string>
#include <utility>

#include "errors.hpp"
#include "settings.hpp"

namespace farhold::ucx::detail {

namespace {

void configure(ucp_config_t* config) {
  const allowed_transports allowed;
  if (const std::string more = allowed.with_a_network(); !more.empty())
    static_cast<void>(::ucp_config_modify(config, "TLS", more.c_str()));
  // Messages of several fragments keep their order only if all go one way.
  static_cast<void>(::ucp_config_modify(config, "MAX_EAGER_LANES", "1"));
  // A store that is opened again at its port need not wait for the kernel to forget the last one.
  prefer(config, "UCX_CM_REUSEADDR", "CM_REUSEADDR", "y");
  // By this a peer that was killed is noticed where no connection of the kernel's says so.
  prefer(config, "UCX_KEEPALIVE_INTERVAL", "KEEPALIVE_INTERVAL", "1s");
  // Transfers over tcp are twice as fast as with the 8 KiB that it is by itself.
  if (allowed.any_of({"tcp"}) || !allowed.with_a_network().empty())
    prefer(config, "UCX_TCP_TX_SEG_SIZE", "TX_SEG_SIZE", "64K");
  // And no MM_ERROR_HANDLING, so that endpoints which are told of failures do without UCX's shared memory: a
  // process that is killed while it writes into another's queue stops that queue for ever, for all who send
  // to it.
}

}  // namespace

status worker::open() noexcept try {
  ucp_config_t* config = nullptr;
  if (const ucs_status_t s = ::ucp_config_read(nullptr, nullptr, &config); s != UCS_OK)
    return from_ucs(s, "read UCX's configuration");
  const std::unique_ptr<ucp_config_t, void (*)(ucp_config_t*)> owner(config, &::ucp_config_release);
  configure(config);

  ucp_params_t params{};
  params.field_mask = UCP_PARAM_FIELD_FEATURES | UCP_PARAM_FIELD_NAME;
  params.features = UCP_FEATURE_AM | UCP_FEATURE_WAKEUP;
  params.name = "farhold";
  ucs_status_t s = ::ucp_init(&params, config, &context_);
  if (s != UCS_OK) return from_ucs(s, "start UCX");

  ucp_worker_params_t wanted{};
  wanted.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE;
  wanted.thread_mode = UCS_THREAD_MODE_MULTI;
  if (s = ::ucp_worker_create(context_, &wanted, &worker_); s != UCS_OK)
    return from_ucs(s, "make a UCX worker");
  if (s = ::ucp_worker_get_efd(worker_, &event_fd_); s != UCS_OK)
    return from_ucs(s, "ask UCX for a descriptor to sleep on");
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "read UCX's configuration"};
}

void worker::close() noexcept {
  if (worker_ != nullptr) ::ucp_worker_destroy(std::exchange(worker_, nullptr));
  if (context_ != nullptr) ::ucp_cleanup(std::exchange(context_, nullptr));
  event_fd_ = -1;
}

}  // namespace farhold::ucx::detail
