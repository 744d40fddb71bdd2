// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "arena.hpp"

#include <cerrno>
#include <limits>
#include <new>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace farhold::rma {

namespace {

status system_error(errc code, const char* where) noexcept { return {code, errno, where}; }

}  // namespace

status arena::create(std::uint64_t bytes, std::uint64_t incarnation, std::uint32_t index) noexcept {
  if (bytes > std::numeric_limits<std::uint64_t>::max() / 2)
    return {errc::invalid_argument, 0, "size the arena"};
  const std::uint64_t page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t segment_bytes = (header_bytes + bytes + page - 1) / page * page;
  // Pages of a memfd are committed when first written: a promise that the host cannot keep would end in a
  // kill.
  if (segment_bytes > available_memory_bytes()) {
    return {errc::out_of_memory, 0,
            "find memory for the arena: the host or its control group has less than arena_bytes"};
  }
  card_.pid = ::getpid();
  card_.pid_namespace = process_namespaces().pid;
  fd_ = ::memfd_create("farhold-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd_ < 0) return system_error(errc::out_of_memory, "create the arena's segment");
  if (::ftruncate(fd_, static_cast<off_t>(segment_bytes)) != 0) {
    return system_error(errc::out_of_memory, "size the arena's segment");
  }
  void* const at = ::mmap(nullptr, segment_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (at == MAP_FAILED) return system_error(errc::out_of_memory, "map the arena's segment");
  memory_ = {static_cast<std::byte*>(at), segment_bytes};
  // F_SEAL_FUTURE_WRITE leaves this mapping writable and forbids all others (Linux 5.1, fcntl(2)).
  if (::fcntl(fd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0) {
    return system_error(errc::unsupported, "seal the arena's segment");
  }
  if (::madvise(at, segment_bytes, MADV_DONTFORK) != 0) {
    return system_error(errc::unsupported, "keep the arena out of forked children");
  }
  // Fewer misses of the TLB on reads of large objects. Where the kernel gives none, pages stay small.
  static_cast<void>(::madvise(at, segment_bytes, MADV_HUGEPAGE));
  new (at) segment_header{.incarnation = incarnation, .segment_bytes = segment_bytes, .index = index};

  card_.incarnation = incarnation;
  card_.boot = this_boot();
  card_.start_time = start_time(card_.pid);
  card_.base_address = reinterpret_cast<std::uintptr_t>(at);
  card_.segment_bytes = segment_bytes;
  card_.fd = fd_;
  return {};
}

void arena::leak() noexcept {
  memory_ = {};
  fd_ = -1;
}

arena::~arena() {
  if (!memory_.empty()) ::munmap(memory_.data(), memory_.size());
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace farhold::rma
