// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "ucx_wire.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "errors.hpp"

namespace farhold::ucx::detail {

namespace {

constexpr unsigned message_id = 0xFA;  // of active messages, which are all ours: the context is our own

/// What UCX sends from must stay until it is sent.
struct parts {
  std::array<ucp_dt_iov_t, 2> body;
  ucx_wire* owner;
};
static_assert(sizeof(parts) <= sizeof(rma::packet::state));

/// Whether one can listen there. UCX would say why not on standard output, and otherwise only that it failed.
status try_to_listen(const rma::net_address& where) noexcept {
  const int line = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (line < 0) return {errc::transport_failure, errno, "open a socket"};
  const int yes = 1;
  static_cast<void>(::setsockopt(line, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes));
  const sockaddr_in wanted = where.to_sockaddr();
  const bool good =
      ::bind(line, reinterpret_cast<const sockaddr*>(&wanted), sizeof wanted) == 0 && ::listen(line, 1) == 0;
  const status outcome =
      good ? status{} : status{errc::transport_failure, errno, "listen at the store's address"};
  ::close(line);
  return outcome;
}

}  // namespace

status ucx_wire::open(rma::net_address& where) noexcept {
  if (const status s = worker_.open(); !s.ok()) return s;

  ucp_am_handler_param_t handler{};
  handler.field_mask = UCP_AM_HANDLER_PARAM_FIELD_ID | UCP_AM_HANDLER_PARAM_FIELD_FLAGS |
                       UCP_AM_HANDLER_PARAM_FIELD_CB | UCP_AM_HANDLER_PARAM_FIELD_ARG;
  handler.id = message_id;
  handler.flags = UCP_AM_FLAG_WHOLE_MSG;
  handler.cb = &ucx_wire::on_message;
  handler.arg = this;
  if (const ucs_status_t s = ::ucp_worker_set_am_recv_handler(worker_.handle(), &handler); s != UCS_OK)
    return from_ucs(s, "receive active messages");

  if (const status s = try_to_listen(where); !s.ok()) return s;
  const sockaddr_in wanted = where.to_sockaddr();
  ucp_listener_params_t params{};
  params.field_mask = UCP_LISTENER_PARAM_FIELD_SOCK_ADDR | UCP_LISTENER_PARAM_FIELD_CONN_HANDLER;
  params.sockaddr = {reinterpret_cast<const sockaddr*>(&wanted), sizeof wanted};
  params.conn_handler = {&ucx_wire::on_connection, this};
  if (const ucs_status_t s = ::ucp_listener_create(worker_.handle(), &params, &listener_); s != UCS_OK)
    return from_ucs(s, "listen at the store's address");
  ucp_listener_attr_t found{};
  found.field_mask = UCP_LISTENER_ATTR_FIELD_SOCKADDR;
  if (const ucs_status_t s = ::ucp_listener_query(listener_, &found); s != UCS_OK)
    return from_ucs(s, "ask for the port");
  where.port = rma::net_address::from_sockaddr(reinterpret_cast<const sockaddr_in&>(found.sockaddr)).port;
  return {};
}

void ucx_wire::close() noexcept {
  if (worker_.handle() == nullptr) return;
  if (listener_ != nullptr) {
    for (const ucp_conn_request_h request : std::exchange(waiting_, {}))
      static_cast<void>(::ucp_listener_reject(listener_, request));
    ::ucp_listener_destroy(std::exchange(listener_, nullptr));
  }
  // What was handed to UCX last, answers, is flushed before an endpoint ends; who is stopped does not take
  // it.
  constexpr std::chrono::milliseconds moment{100};
  const auto end = std::chrono::steady_clock::now() + moment;
  while (!closing_.empty() && std::chrono::steady_clock::now() < end) {
    static_cast<void>(::ucp_worker_progress(worker_.handle()));
    static_cast<void>(forget_closed());
  }
  for (const closing& c : closing_)
    ::ucp_request_free(c.request);  // as soon as the worker's end completes it
  worker_.close();
  closing_.clear();
  lines_.clear();
  by_end_.clear();
}

status ucx_wire::connect(ucp_ep_params_t& how, rma::link_number mine) noexcept try {
  auto made = std::make_unique<line>();
  made->owner = this;
  made->number = mine;
  how.field_mask |= UCP_EP_PARAM_FIELD_ERR_HANDLING_MODE | UCP_EP_PARAM_FIELD_ERR_HANDLER;
  // Without it a request to a process that has died is never over: not even closing the endpoint by force
  // ends it.
  how.err_mode = UCP_ERR_HANDLING_MODE_PEER;
  how.err_handler = {&ucx_wire::on_failure, made.get()};
  lines_.reserve(lines_.size() + 1);
  by_end_.reserve(by_end_.size() + 1);
  if (const ucs_status_t s = ::ucp_ep_create(worker_.handle(), &how, &made->end); s != UCS_OK)
    return from_ucs(s, "connect to the producer");
  by_end_.insert_or_assign(made->end, mine);
  lines_.emplace(mine, std::move(made));
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "connect: remember the connection"};
}

status ucx_wire::call(std::string_view address, rma::link_number mine) noexcept {
  const auto where = rma::net_address::parse(address);
  if (!where) return {errc::corrupt, 0, "connect to the producer: this is no address"};
  const sockaddr_in to = where->to_sockaddr();
  ucp_ep_params_t params{};
  params.field_mask = UCP_EP_PARAM_FIELD_FLAGS | UCP_EP_PARAM_FIELD_SOCK_ADDR;
  params.flags = UCP_EP_PARAMS_FLAGS_CLIENT_SERVER;
  params.sockaddr = {reinterpret_cast<const sockaddr*>(&to), sizeof to};
  return connect(params, mine);
}

status ucx_wire::post(rma::link_number over, rma::packet& what) noexcept {
  const auto at = lines_.find(over);
  if (at == lines_.end()) return {errc::unreachable, 0, "send: the connection has ended"};
  line& l = *at->second;
  const byte_view front = what.front_view();
  const auto* const kept =
      new (what.state.data()) parts{{{{const_cast<std::byte*>(front.data()), front.size()},
                                      {const_cast<std::byte*>(what.payload.data()), what.payload.size()}}},
                                    this};
  ucp_request_param_t params{};
  params.op_attr_mask = UCP_OP_ATTR_FIELD_CALLBACK | UCP_OP_ATTR_FIELD_USER_DATA | UCP_OP_ATTR_FIELD_FLAGS |
                        UCP_OP_ATTR_FIELD_DATATYPE;
  params.cb.send = &ucx_wire::on_sent;
  params.user_data = &what;
  params.flags = UCP_AM_SEND_FLAG_EAGER;
  if (std::exchange(l.silent, false)) params.flags |= UCP_AM_SEND_FLAG_REPLY;
  const void* from = kept->body.data();
  std::size_t count = kept->body.size();
  if (what.payload.empty()) {
    params.datatype = ucp_dt_make_contig(1);
    from = front.data();
    count = front.size();
  } else {
    params.datatype = UCP_DATATYPE_IOV;
  }
  void* const request =
      ::ucp_am_send_nbx(l.end, message_id, what.head.data(), what.head.size(), from, count, &params);
  if (UCS_PTR_IS_ERR(request)) return from_ucs(UCS_PTR_STATUS(request), "send a message");
  if (request == nullptr) done_.push_back({&what, {}});
  return {};
}

void ucx_wire::hang_up(rma::link_number which, bool flush) noexcept {
  const auto at = lines_.find(which);
  if (at == lines_.end()) return;
  std::unique_ptr<line> l = std::move(at->second);
  lines_.erase(at);
  by_end_.erase(l->end);
  ucp_request_param_t params{};
  params.op_attr_mask = UCP_OP_ATTR_FIELD_FLAGS;
  if (!flush || l->failed) params.flags = UCP_EP_CLOSE_FLAG_FORCE;
  void* const request = ::ucp_ep_close_nbx(l->end, &params);
  if (UCS_PTR_IS_PTR(request)) closing_.push_back({std::move(l), request});
}

bool ucx_wire::turn(rma::wire_listener& to) noexcept {
  told_ = &to;
  bool any = false;
  // What was heard comes first: its answer is sent, and whoever waited for it looks, before UCX asks the
  // kernel for more, once per network interface.
  constexpr int most = 64;
  const bool just_heard = std::exchange(heard_, false);
  drained_ = false;
  for (int i = 0; i < most && !just_heard && !heard_ && !drained_; ++i) {
    drained_ = ::ucp_worker_progress(worker_.handle()) == 0;
    any = any || !drained_;
  }
  any = tell_done(to) || any;
  any = tell_broken(to) || any;
  any = let_in(to) || any;
  any = forget_closed() || any;
  told_ = nullptr;
  return any;
}

bool ucx_wire::let_in(rma::wire_listener& to) noexcept {
  if (waiting_.empty()) return false;
  for (const ucp_conn_request_h request : std::exchange(waiting_, {})) {
    const rma::link_number number = to.on_call();
    if (number == 0) {
      static_cast<void>(::ucp_listener_reject(listener_, request));
      continue;
    }
    ucp_ep_params_t params{};
    params.field_mask = UCP_EP_PARAM_FIELD_CONN_REQUEST;
    params.conn_request = request;
    if (const status s = connect(params, number); !s.ok()) to.on_broken(number, s);
  }
  return true;
}

bool ucx_wire::tell_done(rma::wire_listener& to) noexcept {
  if (done_.empty()) return false;
  for (const finished& f : std::exchange(done_, {})) to.on_out(*f.what, f.outcome);
  return true;
}

bool ucx_wire::tell_broken(rma::wire_listener& to) noexcept {
  if (broken_.empty()) return false;
  for (const failure& f : std::exchange(broken_, {}))
    to.on_broken(f.which, from_ucs(f.why, "connect to the producer"));
  return true;
}

bool ucx_wire::forget_closed() noexcept {
  return std::erase_if(closing_, [](const closing& c) {
           if (::ucp_request_check_status(c.request) == UCS_INPROGRESS) return false;
           ::ucp_request_free(c.request);
           return true;
         }) > 0;
}

void ucx_wire::on_connection(ucp_conn_request_h request, void* self) noexcept {
  static_cast<ucx_wire*>(self)->waiting_.push_back(request);
}

void ucx_wire::on_failure(void* which, ucp_ep_h, ucs_status_t why) noexcept {
  line& l = *static_cast<line*>(which);
  l.failed = true;
  l.owner->broken_.push_back({l.number, why});
}

void ucx_wire::on_sent(void* request, ucs_status_t outcome, void* what) noexcept {
  // Also called while an endpoint is closed, which is no time to tell anybody.
  auto& p = *static_cast<rma::packet*>(what);
  reinterpret_cast<parts*>(p.state.data())->owner->done_.push_back({&p, from_ucs(outcome, "send a message")});
  ::ucp_request_free(request);
}

ucs_status_t ucx_wire::on_message(void* self, const void* head, std::size_t head_bytes, void* body,
                                  std::size_t body_bytes, const ucp_am_recv_param_t* how) noexcept {
  auto& wire = *static_cast<ucx_wire*>(self);
  if (wire.told_ == nullptr) return UCS_OK;  // the end is near
  wire.heard_ = true;
  // Nobody of ours sends by rendezvous. It is not received: then it was not taken either.
  if ((how->recv_attr & UCP_AM_RECV_ATTR_FLAG_RNDV) != 0) {
    wire.told_->on_nonsense();
    return UCS_OK;
  }
  rma::link_number from = 0;
  if ((how->recv_attr & UCP_AM_RECV_ATTR_FIELD_REPLY_EP) != 0) {
    const auto at = wire.by_end_.find(how->reply_ep);
    if (at != wire.by_end_.end()) from = at->second;
  }
  wire.told_->on_packet(from, {static_cast<const std::byte*>(head), head_bytes},
                        {static_cast<const std::byte*>(body), body_bytes});
  return UCS_OK;
}

}  // namespace farhold::ucx::detail
