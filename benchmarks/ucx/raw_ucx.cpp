// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "raw_ucx.hpp"

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace farhold::bench {

namespace {

void check(ucs_status_t code, const char* what) {
  if (code != UCS_OK) throw std::runtime_error(std::string(what) + ": " + ::ucs_status_string(code));
}

std::vector<std::byte> copy_of(const void* from, std::size_t bytes) {
  const auto* const first = static_cast<const std::byte*>(from);
  return {first, first + bytes};
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  made.sin_port = htons(port);
  return made;
}

/// As farhold's endpoints.
ucp_ep_params_t told_of_failures() {
  ucp_ep_params_t params{};
  params.field_mask = UCP_EP_PARAM_FIELD_ERR_HANDLING_MODE | UCP_EP_PARAM_FIELD_ERR_HANDLER;
  params.err_mode = UCP_ERR_HANDLING_MODE_PEER;
  params.err_handler.cb = [](void*, ucp_ep_h, ucs_status_t) {};
  return params;
}

}  // namespace

raw_worker::raw_worker() {
  ucp_config_t* config = nullptr;
  check(::ucp_config_read(nullptr, nullptr, &config), "ucp_config_read");
  ucp_params_t params{};
  params.field_mask = UCP_PARAM_FIELD_FEATURES;
  params.features = UCP_FEATURE_RMA | UCP_FEATURE_WAKEUP;
  const ucs_status_t s = ::ucp_init(&params, config, &context_);
  ::ucp_config_release(config);
  check(s, "ucp_init");
  ucp_worker_params_t wanted{};
  wanted.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE;
  wanted.thread_mode = UCS_THREAD_MODE_MULTI;
  check(::ucp_worker_create(context_, &wanted, &worker_), "ucp_worker_create");
}

raw_worker::~raw_worker() {
  if (worker_ != nullptr) ::ucp_worker_destroy(worker_);
  if (context_ != nullptr) ::ucp_cleanup(context_);
}

ucx_exposed::ucx_exposed(std::span<word> memory)
    : base_(memory.data()), stop_event_(::eventfd(0, EFD_CLOEXEC)) {
  ucp_mem_map_params_t params{};
  params.field_mask = UCP_MEM_MAP_PARAM_FIELD_ADDRESS | UCP_MEM_MAP_PARAM_FIELD_LENGTH;
  params.address = memory.data();
  params.length = memory.size_bytes();
  check(::ucp_mem_map(worker_.context(), &params, &memory_), "ucp_mem_map");
  listen();
  thread_ = std::thread([this] { serve(); });
}

ucx_exposed::~ucx_exposed() {
  static_cast<void>(::eventfd_write(stop_event_, 1));
  thread_.join();
  ::close(stop_event_);
  ::ucp_listener_destroy(listener_);
  ::ucp_mem_unmap(worker_.context(), memory_);
}

void ucx_exposed::on_call(ucp_conn_request_h call, void* self) {
  static_cast<ucx_exposed*>(self)->calls_.push_back(call);
}

void ucx_exposed::listen() {
  const sockaddr_in wanted = loopback(0);
  ucp_listener_params_t params{};
  params.field_mask = UCP_LISTENER_PARAM_FIELD_SOCK_ADDR | UCP_LISTENER_PARAM_FIELD_CONN_HANDLER;
  params.sockaddr = {reinterpret_cast<const sockaddr*>(&wanted), sizeof wanted};
  params.conn_handler = {&ucx_exposed::on_call, this};
  check(::ucp_listener_create(worker_.handle(), &params, &listener_), "ucp_listener_create");
  ucp_listener_attr_t found{};
  found.field_mask = UCP_LISTENER_ATTR_FIELD_SOCKADDR;
  check(::ucp_listener_query(listener_, &found), "ucp_listener_query");
  port_ = ntohs(reinterpret_cast<const sockaddr_in&>(found.sockaddr).sin_port);
}

void ucx_exposed::serve() {
  int event = -1;
  check(::ucp_worker_get_efd(worker_.handle(), &event), "ucp_worker_get_efd");
  std::array<pollfd, 2> called{{{event, POLLIN, 0}, {stop_event_, POLLIN, 0}}};
  while (called[1].revents == 0) {
    while (::ucp_worker_progress(worker_.handle()) != 0) continue;
    for (const ucp_conn_request_h call : std::exchange(calls_, {})) {
      ucp_ep_params_t params = told_of_failures();
      params.field_mask |= UCP_EP_PARAM_FIELD_CONN_REQUEST;
      params.conn_request = call;
      ucp_ep_h end = nullptr;  // the worker's end takes it
      check(::ucp_ep_create(worker_.handle(), &params, &end), "ucp_ep_create");
    }
    if (::ucp_worker_arm(worker_.handle()) != UCS_OK) continue;
    static_cast<void>(::poll(called.data(), called.size(), -1));
  }
}

exposure ucx_exposed::about() const {
  exposure made;
  made.base_address = reinterpret_cast<std::uint64_t>(base_);
  made.port = port_;
  void* key = nullptr;
  std::size_t size = 0;
  check(::ucp_rkey_pack(worker_.context(), memory_, &key, &size), "ucp_rkey_pack");
  made.key = copy_of(key, size);
  ::ucp_rkey_buffer_release(key);
  ucp_address_t* address = nullptr;
  check(::ucp_worker_get_address(worker_.handle(), &address, &size), "ucp_worker_get_address");
  made.address = copy_of(address, size);
  ::ucp_worker_release_address(worker_.handle(), address);
  return made;
}

raw_get::raw_get(const raw_worker& with, const exposure& from, by how)
    : worker_(with.handle()), base_address_(from.base_address) {
  ucp_ep_params_t params = told_of_failures();
  const sockaddr_in there = loopback(from.port);
  if (how == by::address) {
    params.field_mask |= UCP_EP_PARAM_FIELD_REMOTE_ADDRESS;
    params.address = reinterpret_cast<const ucp_address_t*>(from.address.data());
  } else {
    params.field_mask |= UCP_EP_PARAM_FIELD_FLAGS | UCP_EP_PARAM_FIELD_SOCK_ADDR;
    params.flags = UCP_EP_PARAMS_FLAGS_CLIENT_SERVER;
    params.sockaddr = {reinterpret_cast<const sockaddr*>(&there), sizeof there};
  }
  check(::ucp_ep_create(worker_, &params, &end_), "ucp_ep_create");
  if (how == by::listener) {
    ucp_request_param_t until_up{};  // before that the endpoint does not know what the key is for
    finish(::ucp_ep_flush_nbx(end_, &until_up), "ucp_ep_flush_nbx");
  }
  check(::ucp_ep_rkey_unpack(end_, from.key.data(), &key_), "ucp_ep_rkey_unpack");
}

raw_get::~raw_get() {
  ::ucp_rkey_destroy(key_);
  ucp_request_param_t params{};
  void* const request = ::ucp_ep_close_nbx(end_, &params);
  if (!UCS_PTR_IS_PTR(request)) return;
  while (::ucp_request_check_status(request) == UCS_INPROGRESS) ::ucp_worker_progress(worker_);
  ::ucp_request_free(request);
}

void* raw_get::start(std::uint64_t offset, std::byte* to, std::uint64_t bytes) {
  ucp_request_param_t how{};
  return ::ucp_get_nbx(end_, to, bytes, base_address_ + offset, key_, &how);
}

void raw_get::finish(void* request, const char* what) {
  if (request == nullptr) return;
  if (UCS_PTR_IS_ERR(request)) check(UCS_PTR_STATUS(request), what);
  ucs_status_t s = UCS_INPROGRESS;
  while ((s = ::ucp_request_check_status(request)) == UCS_INPROGRESS) ::ucp_worker_progress(worker_);
  ::ucp_request_free(request);
  check(s, what);
}

void raw_get::read(std::uint64_t offset, std::byte* to, std::uint64_t bytes) {
  finish(start(offset, to, bytes), "ucp_get_nbx");
}

void raw_get::read_batch(std::byte* to, std::uint64_t bytes, std::uint64_t count) {
  std::vector<void*> requests;
  requests.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) requests.push_back(start(i * bytes, to + i * bytes, bytes));
  for (void* const request : requests) finish(request, "ucp_get_nbx");
}

}  // namespace farhold::bench
