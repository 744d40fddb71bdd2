// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "hardware.hpp"

#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <new>
#include <utility>

#include "errors.hpp"
#include "settings.hpp"

namespace farhold::ucx::detail {

namespace {

/// UCX 1.13 says how an endpoint reads in no other way than in words: "get[…]" for each lane that does.
bool has_lane_for_reads(ucp_ep_h end) noexcept {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const to = ::open_memstream(&text, &size);
  if (to == nullptr) return false;
  ::ucp_ep_print_info(end, to);
  std::fclose(to);
  const bool found = text != nullptr && std::strstr(text, "get[") != nullptr;
  std::free(text);
  return found;
}

}  // namespace

bool hardware::there_are_devices() {
  std::error_code problem;
  const std::filesystem::directory_iterator devices("/sys/class/infiniband", problem);
  return !problem && devices != std::filesystem::directory_iterator();
}

status hardware::give_up(const char* why, const status& s) noexcept {
  close();
  why_not_ = why;
  if (required_) return s.ok() ? status{errc::unsupported, 0, "read by hardware"} : s;
  return {};
}

status hardware::open(byte_span memory, ucx::hardware_use wish) noexcept try {
  required_ = wish == ucx::hardware_use::require;
  if (wish == ucx::hardware_use::off) {
    why_not_ = "hardware=off";
    return {};
  }
  if (!there_are_devices()) return give_up("there is no InfiniBand-class device", {});
  if (!required_ && !allowed_transports().verbs())
    return give_up("UCX_TLS allows no InfiniBand-class transport", {});
  if (const status s = start_worker(); !s.ok())
    return give_up("UCX cannot use the InfiniBand-class device", s);
  if (const status s = expose(memory); !s.ok())
    return give_up("the arena cannot be registered with the device (see ulimit -l)", s);
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "open the hardware path"};
}

status hardware::start_worker() noexcept {
  ucp_config_t* config = nullptr;
  if (const ucs_status_t s = ::ucp_config_read(nullptr, nullptr, &config); s != UCS_OK)
    return from_ucs(s, "read UCX's configuration");
  static_cast<void>(::ucp_config_modify(config, "TLS", "ib"));
  ucp_params_t params{};
  params.field_mask = UCP_PARAM_FIELD_FEATURES | UCP_PARAM_FIELD_NAME;
  params.features = UCP_FEATURE_RMA | UCP_FEATURE_WAKEUP;
  params.name = "farhold-reads";
  ucs_status_t s = ::ucp_init(&params, config, &context_);
  ::ucp_config_release(config);
  if (s != UCS_OK) return from_ucs(s, "start UCX for InfiniBand-class devices");
  ucp_worker_params_t wanted{};
  wanted.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE;
  wanted.thread_mode = UCS_THREAD_MODE_MULTI;
  if (s = ::ucp_worker_create(context_, &wanted, &worker_); s != UCS_OK)
    return from_ucs(s, "make a UCX worker for InfiniBand-class devices");
  if (s = ::ucp_worker_get_efd(worker_, &event_fd_); s != UCS_OK)
    return from_ucs(s, "ask UCX for a descriptor to sleep on");
  return {};
}

status hardware::expose(byte_span memory) noexcept try {
  ucp_mem_map_params_t params{};
  params.field_mask =
      UCP_MEM_MAP_PARAM_FIELD_ADDRESS | UCP_MEM_MAP_PARAM_FIELD_LENGTH | UCP_MEM_MAP_PARAM_FIELD_PROT;
  params.address = memory.data();
  params.length = memory.size();
  // What UCX makes of it is its affair: the docs say that whoever has the key may be able to write.
  params.prot = UCP_MEM_MAP_PROT_LOCAL_READ | UCP_MEM_MAP_PROT_REMOTE_READ;
  if (const ucs_status_t s = ::ucp_mem_map(context_, &params, &memory_); s != UCS_OK)
    return from_ucs(s, "register the arena");
  void* key = nullptr;
  std::size_t key_bytes = 0;
  if (const ucs_status_t s = ::ucp_rkey_pack(context_, memory_, &key, &key_bytes); s != UCS_OK)
    return from_ucs(s, "make the arena's remote key");
  const std::unique_ptr<void, void (*)(void*)> key_owner(key, &::ucp_rkey_buffer_release);
  ucp_address_t* address = nullptr;
  std::size_t address_bytes = 0;
  if (const ucs_status_t s = ::ucp_worker_get_address(worker_, &address, &address_bytes); s != UCS_OK)
    return from_ucs(s, "ask UCX for its address");
  const auto release = [this](ucp_address_t* a) { ::ucp_worker_release_address(worker_, a); };
  const std::unique_ptr<ucp_address_t, decltype(release)> address_owner(address, release);
  if (key_bytes > offer::longest_part || address_bytes > offer::longest_part)
    return {errc::unsupported, 0, "tell others of the arena: UCX's address is too long"};
  const auto* const packed = static_cast<const std::byte*>(key);
  const auto* const where = reinterpret_cast<const std::byte*>(address);
  told_ = offer{.base = reinterpret_cast<std::uint64_t>(memory.data()),
                .bytes = memory.size(),
                .key = {packed, packed + key_bytes},
                .address = {where, where + address_bytes}}
              .encode();
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "make an offer"};
}

void hardware::close() noexcept {
  told_.clear();
  if (worker_ != nullptr) {
    const std::scoped_lock lock(mutex_);
    for (far& one : all_) hang_up(one);
    for (void* const request : std::exchange(closing_, {})) {
      // Devices write nothing more once their endpoint has gone; the worker's end takes the rest.
      for (int i = 0; i < 1000 && ::ucp_request_check_status(request) == UCS_INPROGRESS; ++i)
        static_cast<void>(::ucp_worker_progress(worker_));
      ::ucp_request_free(request);
    }
  }
  if (memory_ != nullptr) static_cast<void>(::ucp_mem_unmap(context_, std::exchange(memory_, nullptr)));
  if (worker_ != nullptr) ::ucp_worker_destroy(std::exchange(worker_, nullptr));
  if (context_ != nullptr) ::ucp_cleanup(std::exchange(context_, nullptr));
  event_fd_ = -1;
}

hardware::far* hardware::find(peer_id peer) noexcept {
  const auto at = by_peer_.find(peer);
  return at != by_peer_.end() ? at->second : nullptr;
}

void hardware::accept(peer_id from, byte_view told) noexcept try {
  if (!is_up()) return;
  const std::scoped_lock lock(mutex_);
  far* one = find(from);
  if (one == nullptr) {
    one = &all_.emplace_back();
    by_peer_.emplace(from, one);
  }
  one->failures = 0;
  if (one->at != state::absent) return;  // of the same store: the same again
  if (!offer::decode(told, one->what)) return;
  one->at = state::offered;
} catch (const std::bad_alloc&) {
  // It is asked to send.
}

bool hardware::wants(peer_id peer) noexcept {
  if (!is_up()) return false;
  const std::scoped_lock lock(mutex_);
  far* const one = find(peer);
  if (one == nullptr) return required_;
  if (one->at == state::offered) connect(*one);
  return one->at == state::up ? !one->broken.load(std::memory_order_relaxed) : required_;
}

bool hardware::make_room() noexcept {
  if (ends_ < most_ends) return true;
  constexpr std::chrono::seconds long_idle{1};
  far* oldest = nullptr;
  for (far& one : all_) {
    if (one.at == state::up && one.reads == 0 && (oldest == nullptr || one.last_used < oldest->last_used))
      oldest = &one;
  }
  if (oldest == nullptr || clock::now() - oldest->last_used < long_idle) return false;
  hang_up(*oldest);
  return true;
}

void hardware::connect(far& to) noexcept {
  if (to.failures >= most_failures || !make_room()) return;
  ucp_ep_params_t params{};
  params.field_mask = UCP_EP_PARAM_FIELD_REMOTE_ADDRESS | UCP_EP_PARAM_FIELD_ERR_HANDLING_MODE |
                      UCP_EP_PARAM_FIELD_ERR_HANDLER;
  params.address = reinterpret_cast<const ucp_address_t*>(to.what.address.data());
  params.err_mode = UCP_ERR_HANDLING_MODE_PEER;
  params.err_handler = {&hardware::on_failure, &to};
  to.broken.store(false, std::memory_order_relaxed);
  if (::ucp_ep_create(worker_, &params, &to.end) != UCS_OK) {
    to.end = nullptr;
    ++to.failures;
    return;
  }
  ++ends_;
  to.at = state::connecting;
  to.last_used = clock::now();
  ucp_request_param_t how{};
  to.coming_up = ::ucp_ep_flush_nbx(to.end, &how);
  anything_to_do_.store(true, std::memory_order_release);
}

/// An endpoint that has come up, or broken.
void hardware::look_after(far& one) noexcept {
  if (one.at == state::connecting && !one.broken.load(std::memory_order_acquire)) {
    if (UCS_PTR_IS_PTR(one.coming_up)) {
      const ucs_status_t s = ::ucp_request_check_status(one.coming_up);
      if (s == UCS_INPROGRESS) return anything_to_do_.store(true, std::memory_order_release);
      ::ucp_request_free(std::exchange(one.coming_up, nullptr));
      one.broken.store(s != UCS_OK, std::memory_order_relaxed);
    } else if (UCS_PTR_IS_ERR(one.coming_up)) {
      one.broken.store(true, std::memory_order_relaxed);
    }
    const bool good = !one.broken.load(std::memory_order_relaxed) && has_lane_for_reads(one.end) &&
                      ::ucp_ep_rkey_unpack(one.end, one.what.key.data(), &one.key) == UCS_OK;
    if (good) {
      one.at = state::up;
      one.failures = 0;
      return;
    }
    if (!one.broken.exchange(true))
      one.failures = most_failures;  // it will have no such lane next time either
  }
  if ((one.at == state::up || one.at == state::connecting) && one.broken.load(std::memory_order_acquire)) {
    ++one.failures;
    hang_up(one);
  }
}

void hardware::hang_up(far& one) noexcept {
  if (one.end == nullptr) return;
  if (one.key != nullptr) ::ucp_rkey_destroy(std::exchange(one.key, nullptr));
  ucp_request_param_t params{};
  params.op_attr_mask = UCP_OP_ATTR_FIELD_FLAGS;
  params.flags = UCP_EP_CLOSE_FLAG_FORCE;
  void* const request = ::ucp_ep_close_nbx(std::exchange(one.end, nullptr), &params);
  if (UCS_PTR_IS_PTR(request)) closing_.push_back(request);
  if (UCS_PTR_IS_PTR(one.coming_up)) ::ucp_request_free(one.coming_up);
  one.coming_up = nullptr;
  one.at = state::offered;
  --ends_;
}

void hardware::on_failure(void* which, ucp_ep_h, ucs_status_t) noexcept {
  // UCX holds a lock of the worker here, which others wait for with our mutex in their hands.
  static_cast<far*>(which)->broken.store(true, std::memory_order_release);
}

status hardware::post(remote_read& read, pending& p) noexcept {
  far& from = *p.from;
  if (read.offset > from.what.bytes || read.size_bytes > from.what.bytes - read.offset)
    return {errc::corrupt, 0, "read by hardware: outside the producer's arena"};
  ucp_request_param_t how{};
  from.last_used = clock::now();
  p.request = ::ucp_get_nbx(from.end, read.destination, read.size_bytes, from.what.base + read.offset,
                            from.key, &how);
  if (UCS_PTR_IS_ERR(p.request)) return from_ucs(UCS_PTR_STATUS(p.request), "read by hardware");
  if (p.request != nullptr) ++from.reads;
  return {};
}

status hardware::start(remote_read& read) noexcept {
  auto& p = *new (read.state.data()) pending;
  static_assert(sizeof(pending) <= sizeof(remote_read::state));
  const std::scoped_lock lock(mutex_);
  p.from = find(read.peer);
  if (p.from != nullptr && p.from->at == state::up && !p.from->broken.load(std::memory_order_acquire))
    return post(read, p);
  if (!required_) return {errc::unreachable, 0, "read by hardware: the connection has just ended"};
  p.waits = true;
  return {};
}

status hardware::test(remote_read& read, bool& done) noexcept {
  auto& p = *std::launder(reinterpret_cast<pending*>(read.state.data()));
  done = true;
  if (p.request == nullptr && !p.waits) return {};
  if (p.waits) {
    static_cast<void>(progress());
    const std::scoped_lock lock(mutex_);
    p.from = find(read.peer);
    if (p.from == nullptr || p.from->at == state::connecting) {
      done = false;
      return {};
    }
    if (p.from->at == state::offered) connect(*p.from);
    if (p.from->at == state::connecting) {
      done = false;
      return {};
    }
    p.waits = false;
    if (p.from->at != state::up)
      return {errc::unsupported, 0, "read by hardware: there is no such way to the producer"};
    if (const status s = post(read, p); !s.ok()) return s;
    done = p.request == nullptr;
    return {};
  }
  ucs_status_t s = ::ucp_request_check_status(p.request);
  if (s == UCS_INPROGRESS) {
    static_cast<void>(::ucp_worker_progress(worker_));
    s = ::ucp_request_check_status(p.request);
  }
  if (s == UCS_INPROGRESS) {
    done = false;
    return {};
  }
  ::ucp_request_free(std::exchange(p.request, nullptr));
  const std::scoped_lock lock(mutex_);
  --p.from->reads;
  if (s == UCS_OK) return {};
  anything_to_do_.store(true, std::memory_order_release);
  return from_ucs(s, "read by hardware");
}

bool hardware::progress() noexcept {
  if (!is_up()) return false;
  bool any = false;
  constexpr int most = 64;
  for (int i = 0; i < most && ::ucp_worker_progress(worker_) != 0; ++i) any = true;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return any;
  if (!any && !anything_to_do_.exchange(false, std::memory_order_acquire)) return any;
  for (far& one : all_) look_after(one);
  std::erase_if(closing_, [](void* request) {
    if (::ucp_request_check_status(request) == UCS_INPROGRESS) return false;
    ::ucp_request_free(request);
    return true;
  });
  return any;
}

bool hardware::arm() noexcept { return !is_up() || ::ucp_worker_arm(worker_) == UCS_OK; }

}  // namespace farhold::ucx::detail
