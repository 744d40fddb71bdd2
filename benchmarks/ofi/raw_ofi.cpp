// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "raw_ofi.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <exception>
#include <map>
#include <new>
#include <stdexcept>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rdma/fi_errno.h>
#include <rdma/fi_rma.h>

namespace farhold::bench {

namespace {

using clock = std::chrono::steady_clock;
/// A provider may connect to the dead for ever.
constexpr std::chrono::seconds patience{30};

[[noreturn]] void refuse(long code, const char* what) {
  throw std::runtime_error(std::string(what) + ": " +
                           ::fi_strerror(static_cast<int>(code < 0 ? -code : code)));
}

void check(long code, const char* what) {
  if (code != 0) refuse(code, what);
}

/// What farhold's transport asks for, of the provider that it has: at the loopback interface, where it is one
/// of IP networks.
const fi_info* ask(const std::string& provider) {
  const std::unique_ptr<fi_info, void (*)(fi_info*)> hints(::fi_allocinfo(), &::fi_freeinfo);
  if (hints == nullptr) throw std::bad_alloc();
  hints->caps = FI_RMA | FI_READ | FI_REMOTE_READ;
  hints->mode = FI_CONTEXT | FI_CONTEXT2;
  hints->ep_attr->type = FI_EP_RDM;
  hints->domain_attr->mr_mode =
      FI_MR_VIRT_ADDR | FI_MR_PROV_KEY | FI_MR_LOCAL | FI_MR_ENDPOINT | FI_MR_ALLOCATED;
  hints->domain_attr->threading = FI_THREAD_SAFE;
  hints->fabric_attr->prov_name = ::strdup(provider.c_str());
  fi_info* found = nullptr;
  constexpr std::uint32_t version = FI_VERSION(1, 14);
  if (::fi_getinfo(version, "127.0.0.1", nullptr, FI_SOURCE, hints.get(), &found) != 0)
    check(::fi_getinfo(version, nullptr, nullptr, 0, hints.get(), &found), "fi_getinfo");
  return found;
}

/// Asked once: it takes a tenth of a second.
const fi_info* info_of(const std::string& provider) {
  static std::map<std::string, const fi_info*> known;
  const fi_info*& found = known[provider];
  if (found == nullptr) found = ask(provider);
  return found;
}

/// One read. Its first member is libfabric's while it is under way, and completions name it.
struct operation {
  fi_context2 context{};
  std::atomic<int> code = under_way;
  static constexpr int under_way = -1;
};

/// Tells whoever reads, in whatever thread, of what is done.
void look(const ofi_endpoint& at) {
  std::array<fi_cq_entry, 16> done{};
  const ssize_t count = ::fi_cq_read(at.completions(), done.data(), done.size());
  for (ssize_t i = 0; i < count; ++i)
    static_cast<operation*>(done[static_cast<std::size_t>(i)].op_context)->code.store(0);
  if (count != -FI_EAVAIL) return;
  fi_cq_err_entry failure{};
  if (::fi_cq_readerr(at.completions(), &failure, 0) == 1 && failure.op_context != nullptr)
    static_cast<operation*>(failure.op_context)->code.store(failure.err);
}

/// Reads by fi_read, and looks at the completions until it is done.
class ofi_reader final : public raw_reader {
 public:
  ofi_reader(const ofi_endpoint& at, const exposure& from) : at_(at), base_(from.base_address) {
    std::memcpy(&key_, from.key.data(), sizeof key_);
    if (::fi_av_insert(at_.peers(), from.address.data(), 1, &peer_, 0, nullptr) != 1)
      throw std::runtime_error("fi_av_insert refuses the address");
  }

  void read(std::uint64_t offset, std::byte* to, std::uint64_t bytes) override {
    const landing memory(at_, to, bytes);
    operation one;
    start(one, offset, to, bytes, memory);
    finish(one);
  }
  void read_batch(std::byte* to, std::uint64_t bytes, std::uint64_t count) override {
    const landing memory(at_, to, bytes * count);
    std::vector<operation> all(count);
    for (std::uint64_t i = 0; i < count; ++i) start(all[i], i * bytes, to + i * bytes, bytes, memory);
    for (operation& one : all) finish(one);
  }

 private:
  /// Registered for the time of the read, where the provider wants that.
  struct landing {
    landing(const ofi_endpoint& at, std::byte* to, std::uint64_t bytes) {
      if (at.wants(FI_MR_LOCAL)) registered = at.register_memory(to, bytes, FI_READ);
    }
    [[nodiscard]] void* description() const { return registered ? ::fi_mr_desc(registered.get()) : nullptr; }
    fid_handle<fid_mr> registered;
  };

  void start(operation& one, std::uint64_t offset, std::byte* to, std::uint64_t bytes,
             const landing& memory) {
    const auto post = [&] {
      return ::fi_read(at_.end(), to, bytes, memory.description(), peer_, base_ + offset, key_, &one.context);
    };
    ssize_t code = post();
    if (code == 0) [[likely]]
      return;
    for (const auto limit = clock::now() + patience; code == -FI_EAGAIN && clock::now() < limit;
         code = post())
      look(at_);
    check(code, "fi_read");
  }

  void finish(const operation& one) {
    const auto limit = clock::now() + patience;
    for (std::uint64_t looks = 1; one.code.load() == operation::under_way; ++looks) {
      look(at_);
      if (looks % 1024 == 0 && clock::now() > limit) std::terminate();  // it may still land in dead memory
    }
    check(one.code.load(), "fi_read");
  }

  const ofi_endpoint& at_;
  std::uint64_t base_;
  std::uint64_t key_ = 0;
  fi_addr_t peer_ = FI_ADDR_UNSPEC;
};

}  // namespace

ofi_endpoint::ofi_endpoint(const std::string& provider) : info_(info_of(provider)) {
  fid_fabric* fabric = nullptr;
  check(::fi_fabric(info_->fabric_attr, &fabric, nullptr), "fi_fabric");
  fabric_.reset(fabric);
  // The calls take it as theirs to write; it is the same for all of them.
  auto* const info = const_cast<fi_info*>(info_);
  fid_domain* domain = nullptr;
  check(::fi_domain(fabric, info, &domain, nullptr), "fi_domain");
  domain_.reset(domain);

  fi_av_attr table{};
  table.type = info_->domain_attr->av_type;
  fid_av* peers = nullptr;
  check(::fi_av_open(domain, &table, &peers, nullptr), "fi_av_open");
  peers_.reset(peers);
  fi_cq_attr queue{};
  queue.format = FI_CQ_FORMAT_CONTEXT;
  queue.wait_obj = FI_WAIT_FD;
  fid_cq* completions = nullptr;
  if (::fi_cq_open(domain, &queue, &completions, nullptr) != 0) {
    queue.wait_obj = FI_WAIT_NONE;
    check(::fi_cq_open(domain, &queue, &completions, nullptr), "fi_cq_open");
  }
  completions_.reset(completions);

  fid_ep* end = nullptr;
  check(::fi_endpoint(domain, info, &end, nullptr), "fi_endpoint");
  end_.reset(end);
  check(::fi_ep_bind(end, &peers->fid, 0), "fi_ep_bind");
  check(::fi_ep_bind(end, &completions->fid, FI_TRANSMIT | FI_RECV), "fi_ep_bind");
  check(::fi_enable(end), "fi_enable");
}

bool ofi_endpoint::wants(std::uint64_t mr_mode_bit) const noexcept {
  return (static_cast<std::uint64_t>(info_->domain_attr->mr_mode) & mr_mode_bit) != 0;
}

fid_handle<fid_mr> ofi_endpoint::register_memory(const void* memory, std::uint64_t bytes,
                                                 std::uint64_t access) const {
  static std::atomic<std::uint64_t> next_key{1};  // where the provider does not choose it
  fid_mr* made = nullptr;
  check(::fi_mr_reg(domain_.get(), memory, bytes, access, 0,
                    wants(FI_MR_PROV_KEY) ? 0 : next_key.fetch_add(1), 0, &made, nullptr),
        "fi_mr_reg");
  fid_handle<fid_mr> all(made);
  if (!wants(FI_MR_ENDPOINT)) return all;
  check(::fi_mr_bind(made, &end_->fid, 0), "fi_mr_bind");
  check(::fi_mr_enable(made), "fi_mr_enable");
  return all;
}

ofi_exposed::ofi_exposed(const std::string& provider, std::span<word> memory)
    : at_(provider),
      span_(memory),
      memory_(at_.register_memory(memory.data(), memory.size_bytes(), FI_REMOTE_READ)),
      stop_event_(::eventfd(0, EFD_CLOEXEC)) {
  thread_ = std::thread([this] { serve(); });
}

ofi_exposed::~ofi_exposed() {
  static_cast<void>(::eventfd_write(stop_event_, 1));
  thread_.join();
  ::close(stop_event_);
}

exposure ofi_exposed::about() const {
  exposure made;
  made.base_address = at_.wants(FI_MR_VIRT_ADDR) ? reinterpret_cast<std::uint64_t>(span_.data()) : 0;
  const std::uint64_t key = ::fi_mr_key(memory_.get());
  made.key.resize(sizeof key);
  std::memcpy(made.key.data(), &key, sizeof key);
  std::size_t bytes = 0;
  static_cast<void>(::fi_getname(&at_.end()->fid, nullptr, &bytes));
  made.address.resize(bytes);
  check(::fi_getname(&at_.end()->fid, made.address.data(), &bytes), "fi_getname");
  return made;
}

void ofi_exposed::serve() {
  int event = -1;
  const bool can_sleep = ::fi_control(&at_.completions()->fid, FI_GETWAIT, &event) == 0;
  std::array<pollfd, 2> called{{{stop_event_, POLLIN, 0}, {event, POLLIN, 0}}};
  fid* const queue = &at_.completions()->fid;
  while (called[0].revents == 0) {
    look(at_);
    fid* wanted[] = {queue};
    const bool sleep = can_sleep && ::fi_trywait(at_.fabric(), wanted, 1) == FI_SUCCESS;
    static_cast<void>(::poll(called.data(), can_sleep ? 2 : 1, sleep ? -1 : 0));
  }
}

std::unique_ptr<raw_reader> ofi_end::meet(const exposure& whom, std::size_t) {
  return std::make_unique<ofi_reader>(at_, whom);
}

}  // namespace farhold::bench
