// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "mapping.hpp"

#include <cerrno>
#include <cstdio>
#include <new>

#include <sys/mman.h>
#include <sys/stat.h>

#include "host.hpp"
#include "segment_file.hpp"

namespace farhold::rma {

mapping_ptr mapping::open(const card& peer) noexcept {
  mapping_ptr made(new (std::nothrow) mapping(peer));
  const segment_entry first{
      .base_address = peer.base_address, .segment_bytes = peer.segment_bytes, .fd = peer.fd};
  if (made == nullptr || !made->map(0, first)) return nullptr;
  return made;
}

mapping::~mapping() {
  for (std::size_t i = 0; i < at_.size(); ++i) {
    if (const std::byte* const at = at_[i].load(std::memory_order_relaxed))
      ::munmap(const_cast<std::byte*>(at), bytes_[i]);
  }
}

bool mapping::map(std::uint32_t index, const segment_entry& what) noexcept {
  if (what.fd < 0 || what.segment_bytes < sizeof(segment_header)) return false;
  segment_file file;
  if (!file.open(peer_.pid, what.fd).ok() || file.size_bytes() != what.segment_bytes) return false;
  struct stat found {};
  if (::fstat(file.fd(), &found) != 0) return false;
  void* const at = ::mmap(nullptr, what.segment_bytes, PROT_READ, MAP_SHARED, file.fd(), 0);
  if (at == MAP_FAILED) return false;
  const auto& head = *static_cast<const segment_header*>(at);
  if (head.magic != segment_header::magic_value || load_shared(head.incarnation) != peer_.incarnation ||
      head.segment_bytes != what.segment_bytes || head.index != index ||
      ::madvise(at, what.segment_bytes, MADV_DONTFORK) != 0) {
    ::munmap(at, what.segment_bytes);
    return false;
  }
  if (index == 0) {
    device_ = found.st_dev;
    inode_ = found.st_ino;
  }
  bytes_[index] = what.segment_bytes;
  at_[index].store(static_cast<const std::byte*>(at), std::memory_order_release);
  return true;
}

byte_view mapping::arena(std::uint32_t index) noexcept {
  if (index >= segment_header::max_arenas) return {};
  if (at_[index].load(std::memory_order_acquire) == nullptr) {
    const std::scoped_lock lock(mutex_);
    segment_entry what;
    if (at_[index].load(std::memory_order_relaxed) == nullptr && (!find(index, what) || !map(index, what)))
      return {};
  }
  return {at_[index].load(std::memory_order_acquire), bytes_[index]};
}

bool mapping::find(std::uint32_t index, segment_entry& out) const noexcept {
  if (index >= segment_header::max_arenas || index >= load_shared(header().arena_count)) return false;
  out = header().arenas[index];
  return true;
}

bool mapping::closed() const noexcept { return load_shared(header().incarnation) != peer_.incarnation; }

bool mapping::still_held() const noexcept {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/fd/%d", peer_.pid, peer_.fd);
  struct stat found {};
  if (::stat(path, &found) != 0) return errno != ENOENT || first_thread_has_ended(peer_.pid);
  return found.st_dev == device_ && found.st_ino == inode_;
}

bool mapping::pin(std::uint64_t generation, farhold::pin& out) noexcept {
  if (lane_state_.load(std::memory_order_acquire) == lane_state::untried) {
    const std::scoped_lock lock(mutex_);
    if (lane_state_.load(std::memory_order_relaxed) == lane_state::untried) {
      const bool claimed = lane_.claim(peer_.pid, load_shared(header().pins_fd), peer_.incarnation);
      lane_state_.store(claimed ? lane_state::claimed : lane_state::refused, std::memory_order_release);
    }
  }
  if (lane_state_.load(std::memory_order_relaxed) == lane_state::refused) return false;
  const std::uint32_t entry = lane_.pin(generation);
  if (entry == pin_lane::none) return false;
  intrusive_ptr_add_ref(this);
  out = farhold::pin(&mapping::unpin, this, entry);
  return true;
}

void mapping::unpin(void* context, std::uint64_t token) noexcept {
  auto* const self = static_cast<mapping*>(context);
  // In a forked child nothing of this is mapped, and the pin is the parent's.
  if (self->lane_.unpin(static_cast<std::uint32_t>(token))) intrusive_ptr_release(self);
}

std::uint64_t mapping::pins_held() const noexcept {
  return lane_state_.load(std::memory_order_acquire) == lane_state::claimed ? lane_.held() : 0;
}

}  // namespace farhold::rma
