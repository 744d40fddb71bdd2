// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "peer_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include <poll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace farhold::rma {

namespace {

/// Whether its pid is a number of ours. Containers that were started together have the same pids, of
/// processes that began in the same tick: without this, one of ours would be taken for the peer.
bool is_named_as_here(const card& peer) noexcept {
  return peer.boot != boot_id{} && peer.boot == this_boot() && peer.pid_namespace != 0 &&
         peer.pid_namespace == process_namespaces().pid;
}

}  // namespace

peer_memory::~peer_memory() {
  if (process_ >= 0) ::close(process_);
}

void peer_memory::meet(const card& peer) noexcept {
  seen_ = is_named_as_here(peer) && peer.start_time != 0 && start_time(peer.pid) == peer.start_time;
}

peer_memory::access peer_memory::attach(const card& peer, same_host wish) noexcept {
  peer_ = peer;
  if (!is_named_as_here(peer)) return access::none;
  if (!open_process()) {
    if (seen_ && process_ended(peer.pid, peer.start_time)) lost_.store(true, std::memory_order_relaxed);
    return access::none;
  }
  if (wish == same_host::off) return access::none;
  // Also where arenas can be mapped: adopted memory can't.
  cma_ = try_cma();
  if (wish == same_host::automatic) mapping_ = mapping::open(peer);
  if (mapping_ != nullptr) return access::mapped;
  return cma_ ? access::cma : access::none;
}

/// A pid alone may have been given to another process; with the start time it can't, and a pidfd keeps it so.
bool peer_memory::open_process() noexcept {
  if (peer_.pid <= 0) return false;
  process_ =
      static_cast<int>(::syscall(SYS_pidfd_open, peer_.pid, 0));  // glibc 2.36 of Debian 12 has it, 2.35 not
  if (process_ < 0) return false;
  if (peer_.start_time != 0 && start_time(peer_.pid) == peer_.start_time) return true;
  ::close(process_);  // somebody else's, whose end would be taken for the peer's
  process_ = -1;
  return false;
}

bool peer_memory::try_cma() const noexcept {
  segment_header header;
  return read(0, reinterpret_cast<std::byte*>(&header), sizeof header).ok() &&
         header.magic == segment_header::magic_value && header.segment_bytes == peer_.segment_bytes;
}

status peer_memory::find(std::uint32_t index, segment_entry& out) const noexcept {
  constexpr status absent{errc::corrupt, 0, "find the object: its producer has no such arena"};
  if (index == 0) {
    out = {.base_address = peer_.base_address, .segment_bytes = peer_.segment_bytes, .fd = peer_.fd};
    return {};
  }
  if (mapping_ != nullptr) return mapping_->find(index, out) ? status{} : absent;
  if (index >= segment_header::max_arenas) return absent;
  // The entry may be half written as long as the count does not include it: the count first.
  std::uint32_t count = 0;
  status s = read(offsetof(segment_header, arena_count), reinterpret_cast<std::byte*>(&count), sizeof count);
  if (!s.ok()) return s;
  if (index >= count) return absent;
  return read(offsetof(segment_header, arenas) + index * sizeof out, reinterpret_cast<std::byte*>(&out),
              sizeof out);
}

status peer_memory::read_at(std::uint64_t address, std::byte* to, std::uint64_t bytes,
                            byte_span rest) const noexcept {
  do {
    std::uint64_t guard = 0;
    // Linux transfers at most 2 GiB less a page per call (process_vm_readv(2)); a piece of 1 GiB is safe.
    const std::uint64_t piece = std::min<std::uint64_t>(bytes, std::uint64_t{1} << 30U);
    const std::uint64_t behind = piece == bytes ? rest.size() : 0;
    const iovec here[3] = {{&guard, sizeof guard}, {to, piece}, {rest.data(), behind}};
    const iovec there[2] = {
        {reinterpret_cast<void*>(peer_.base_address + offsetof(segment_header, incarnation)), sizeof guard},
        {reinterpret_cast<void*>(address), piece + behind}};
    const ssize_t got = ::process_vm_readv(peer_.pid, here, 3, there, 2, 0);
    if (got < 0) {
      return {errno == EPERM ? errc::permission : errc::producer_lost, errno,
              "read the producer's memory (CMA)"};
    }
    if (static_cast<std::uint64_t>(got) < sizeof guard || guard != peer_.incarnation) {
      return {
          errc::producer_lost, 0,
          "read the producer's memory (CMA): it is not the same process any more, or its store is closed"};
    }
    if (static_cast<std::uint64_t>(got) != sizeof guard + piece + behind)
      return {errc::corrupt, 0, "read the producer's memory (CMA): nothing is there"};
    address += piece;
    to += piece;
    bytes -= piece;
  } while (bytes > 0);
  return {};
}

status peer_memory::alive(std::uint64_t now) const noexcept {
  constexpr status lost{errc::producer_lost, 0, "see whether the producer lives"};
  if (lost_.load(std::memory_order_relaxed)) return lost;
  if (mapping_ != nullptr && mapping_->closed()) {
    return {errc::producer_lost, 0, "see whether the producer lives: it has closed its store"};
  }
  const std::uint64_t asked_at = asked_at_.load(std::memory_order_relaxed);
  if (asked_at != 0 && now - asked_at < liveness_interval_ns) return {};
  asked_at_.store(now, std::memory_order_relaxed);
  pollfd process{process_, POLLIN,
                 0};  // readable once the process has ended, a zombie included: pidfd_open(2)
  // A process that became another program lives, and its memory would stay readable; CMA finds it gone
  // itself.
  if (::poll(&process, 1, 0) == 1 || (mapping_ != nullptr && !mapping_->still_held())) {
    lost_.store(true, std::memory_order_relaxed);
    return lost;
  }
  return {};
}

}  // namespace farhold::rma
