// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <ucp/api/ucp.h>

#include <farhold/transport.hpp>

#include "rma/control_wire.hpp"
#include "rma/net_address.hpp"
#include "worker.hpp"

namespace farhold::ucx::detail {

/// Connections of the control channel as UCX endpoints, and packets as eager active messages: what comes late
/// comes as bytes of a message that nobody waits for any more, and never into anybody's memory.
///
/// Endpoints are made and closed between calls of ucp_worker_progress, never in its callbacks.
///
/// Lifetime  `open` before all else. `close`, or destruction, after everything was hung up.
/// Threads   One at a time.
class ucx_wire final : public rma::control_wire {
 public:
  /// Fits a segment of the tcp transport (see worker.cpp) with UCX's heads and ours.
  static constexpr std::size_t max_body_bytes = std::size_t{60} << 10U;

  ucx_wire() = default;
  ~ucx_wire() override { close(); }

  /// Listens at `where`; afterwards its port is known. `rma::wire_listener` is told of nothing before `turn`.
  status open(rma::net_address& where) noexcept;
  /// Lets what was sent last get out, for a moment, and ends everything.
  void close() noexcept;

  [[nodiscard]] int event_fd() const noexcept { return worker_.event_fd(); }
  [[nodiscard]] bool arm() const noexcept {
    return drained_ && waiting_.empty() && broken_.empty() && done_.empty() && worker_.arm();
  }

  [[nodiscard]] bool is_address(std::string_view text) const noexcept override {
    return rma::net_address::parse(text).has_value();
  }
  status call(std::string_view address, rma::link_number mine) noexcept override;
  status post(rma::link_number over, rma::packet& what) noexcept override;
  void hang_up(rma::link_number which, bool flush) noexcept override;
  bool turn(rma::wire_listener& to) noexcept override;

 private:
  struct line {
    ucx_wire* owner = nullptr;
    rma::link_number number = 0;
    ucp_ep_h end = nullptr;
    bool silent = true;  ///< nothing was sent over it: the next packet says where it comes from
    bool failed = false;
  };
  struct closing {
    std::unique_ptr<line> what;  // callbacks may still name it
    void* request = nullptr;
  };
  struct finished {
    rma::packet* what = nullptr;
    status outcome;
  };
  struct failure {
    rma::link_number which = 0;
    ucs_status_t why = UCS_OK;
  };

  static void on_connection(ucp_conn_request_h request, void* self) noexcept;
  static void on_failure(void* which, ucp_ep_h end, ucs_status_t why) noexcept;
  static void on_sent(void* request, ucs_status_t outcome, void* what) noexcept;
  static ucs_status_t on_message(void* self, const void* head, std::size_t head_bytes, void* body,
                                 std::size_t body_bytes, const ucp_am_recv_param_t* how) noexcept;

  status connect(ucp_ep_params_t& how, rma::link_number mine) noexcept;
  bool let_in(rma::wire_listener& to) noexcept;
  bool tell_done(rma::wire_listener& to) noexcept;
  bool tell_broken(rma::wire_listener& to) noexcept;
  bool forget_closed() noexcept;

  worker worker_;
  ucp_listener_h listener_ = nullptr;
  bool heard_ = false;  // something in the last turn
  // UCX had nothing more in the last turn: before that its worker is not to be armed.
  bool drained_ = false;
  rma::wire_listener* told_ = nullptr;  // during `turn`
  std::unordered_map<rma::link_number, std::unique_ptr<line>> lines_;
  std::unordered_map<ucp_ep_h, rma::link_number> by_end_;
  std::vector<ucp_conn_request_h> waiting_;  // to be let in
  std::vector<finished> done_;
  std::vector<failure> broken_;
  std::vector<closing> closing_;
};

}  // namespace farhold::ucx::detail
