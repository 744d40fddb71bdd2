// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "pins.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../detail/fork.hpp"
#include "clock.hpp"
#include "host.hpp"

namespace farhold::rma {

namespace {

using layout = pin_layout;

/// Names a process for good in one word: pids have at most 22 bits (PID_MAX_LIMIT), start times fit the rest
/// for 1394 years of clock ticks. 0 is nobody.
constexpr unsigned pid_bits = 22;
constexpr std::uint64_t cleaning = ~std::uint64_t{0};  // the producer is about to give the lane back
constexpr std::uint64_t looking = cleaning - 1;        // the producer looks whether its owner still has it

std::uint64_t name_of(pid_t pid, std::uint64_t start) noexcept {
  return start << pid_bits | static_cast<std::uint64_t>(pid);
}
pid_t pid_of(std::uint64_t owner) noexcept { return static_cast<pid_t>(owner & ((1U << pid_bits) - 1)); }
bool is_process(std::uint64_t owner) noexcept { return owner != 0 && owner != cleaning && owner != looking; }
bool has_ended(std::uint64_t owner) noexcept {
  const std::uint64_t start = owner >> pid_bits;  // 0: it was not known to who wrote that, and is to nobody
  return is_process(owner) && start != 0 && process_ended(pid_of(owner), start);
}

void clear(std::byte* segment, std::uint32_t lane) noexcept {
  for (std::uint32_t i = 0; i < layout::entries; ++i)
    layout::word(segment, lane, layout::head_words + i).store(0, std::memory_order_relaxed);
}

}  // namespace

// ---- the producer

pin_segment::~pin_segment() {
  if (at_ != nullptr) ::munmap(at_, layout::segment_bytes);
  if (fd_ >= 0) ::close(fd_);
}

status pin_segment::create(std::uint64_t incarnation) noexcept {
  const auto failed = [](const char* where) { return status{errc::out_of_memory, errno, where}; };
  fd_ = ::memfd_create("farhold-pins", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  struct stat made {};
  if (fd_ < 0 || ::ftruncate(fd_, layout::segment_bytes) != 0 || ::fstat(fd_, &made) != 0)
    return failed("create the segment for pins");
  device_ = made.st_dev;
  inode_ = made.st_ino;
  void* const at = ::mmap(nullptr, layout::segment_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (at == MAP_FAILED) return failed("map the segment for pins");
  at_ = static_cast<std::byte*>(at);
  if (::fcntl(fd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return failed("seal the segment for pins");
  if (::madvise(at, layout::segment_bytes, MADV_DONTFORK) != 0)
    return failed("keep the segment for pins out of forked children");
  new (at) layout::header{.incarnation = incarnation, .processes = process_namespaces()};
  return {};
}

/// Why nothing is missed: a consumer writes its entry and then looks at the trailer, both sequentially
/// consistent; blocks::evict clears the trailer, and this, which comes later, looks at the entries. If the
/// consumer found the object alive, its entry stands where this looks.
bool pin_segment::collect(std::vector<std::uint64_t>& out) const noexcept try {
  out.clear();
  if (at_ == nullptr) return true;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  for (std::uint32_t lane = 0; lane < layout::lanes; ++lane) {
    if (layout::owner(at_, lane).load(std::memory_order_acquire) == 0) continue;
    for (std::uint32_t i = 0; i < layout::entries; ++i) {
      // Acquire: what a view read before its pin ended was read before the block's next owner writes.
      const std::uint64_t pinned =
          layout::word(at_, lane, layout::head_words + i).load(std::memory_order_acquire);
      if (pinned != 0) out.push_back(pinned);
    }
  }
  std::sort(out.begin(), out.end());
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

/// Whoever made the owner `cleaning` cleans; a new consumer may want the lane too.
void pin_segment::clean(std::uint32_t lane) noexcept {
  clear(at_, lane);
  layout::owner(at_, lane).store(0, std::memory_order_release);
}

bool pin_segment::is_due(const std::atomic<std::uint64_t>& last, std::uint64_t interval_ns) noexcept {
  const std::uint64_t seen = last.load(std::memory_order_relaxed), now = clock{}.now();
  return seen == 0 || (now > seen && now - seen >= interval_ns);
}

void pin_segment::reap() noexcept {
  if (at_ == nullptr || reaping_.exchange(true, std::memory_order_acquire)) return;
  if (is_due(reaped_at_, reap_interval_ns)) {
    for (std::uint32_t lane = 0; lane < layout::lanes; ++lane) {
      auto owner = layout::owner(at_, lane);
      std::uint64_t dead = owner.load(std::memory_order_acquire);
      if (has_ended(dead) && owner.compare_exchange_strong(dead, cleaning)) clean(lane);
    }
    reaped_at_.store(clock{}.now(), std::memory_order_relaxed);
  }
  if (is_due(looked_at_, look_interval_ns)) {
    look_at_one_that_lives();
    looked_at_.store(clock{}.now(), std::memory_order_relaxed);
  }
  reaping_.store(false, std::memory_order_release);
}

/// A consumer maps the segment before it takes a lane, and lets go of the lane before it unmaps: who has a
/// lane and maps nothing has become another program, and nobody there reads what was pinned. Between the look
/// and the end of it the owner may let go of the lane and another consumer may take it, perhaps of the same
/// process; so that this is seen, the owner is `looking` meanwhile, and one thread looks at a time.
void pin_segment::look_at_one_that_lives() noexcept {
  std::uint32_t lane = last_looked_at_;
  std::uint64_t living = 0;
  for (std::uint32_t i = 0; i < layout::lanes && !is_process(living); ++i) {
    lane = (lane + 1) % layout::lanes;
    living = layout::owner(at_, lane).load(std::memory_order_acquire);
  }
  last_looked_at_ = lane;
  auto owner = layout::owner(at_, lane);
  if (!is_process(living) || !owner.compare_exchange_strong(living, looking)) return;
  // What /proc says is believed if it knows that process, and shows our own mapping as fstat(2) does.
  const bool kept = maps_file(pid_of(living), device_, inode_) ||
                    start_time(pid_of(living)) != living >> pid_bits ||
                    !maps_file(::getpid(), device_, inode_);
  std::uint64_t expected = looking;
  if (owner.compare_exchange_strong(expected, kept ? living : cleaning) && !kept) clean(lane);
}

// ---- a consumer

pin_lane::~pin_lane() {
  if (at_ == nullptr || detail::fork_epoch() != epoch_) return;  // not mapped in a forked child
  if (lane_ != none) {
    // Not if the producer has taken it back, for whatever reason, and it is another one's by now.
    auto owner = layout::owner(at_, lane_);
    for (std::uint64_t seen = me_; seen == me_ || seen == looking;) {
      if (owner.compare_exchange_weak(seen, 0, std::memory_order_release, std::memory_order_relaxed)) break;
    }
  }
  ::munmap(at_, layout::segment_bytes);
}

bool pin_lane::claim(int pid, int fd, std::uint64_t incarnation) noexcept {
  if (fd < 0) return false;
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
  const int file = ::open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return false;
  constexpr int needed_seals = F_SEAL_SHRINK | F_SEAL_GROW;
  struct stat found {};
  const int seals = ::fcntl(file, F_GET_SEALS);
  const bool sound = seals >= 0 && (seals & needed_seals) == needed_seals && ::fstat(file, &found) == 0 &&
                     found.st_size == static_cast<off_t>(layout::segment_bytes);
  void* const at = sound ? ::mmap(nullptr, layout::segment_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                         : MAP_FAILED;
  ::close(file);
  if (at == MAP_FAILED) return false;
  layout::header head;
  std::memcpy(&head, at, sizeof head);
  at_ = static_cast<std::byte*>(at);
  epoch_ = detail::fork_epoch();
  if (head.magic == layout::magic_value && head.incarnation == incarnation &&
      head.segment_bytes == layout::segment_bytes && head.processes.pid != 0 &&
      head.processes == process_namespaces() && ::madvise(at, layout::segment_bytes, MADV_DONTFORK) == 0 &&
      take_lane()) {
    return true;
  }
  ::munmap(at, layout::segment_bytes);
  at_ = nullptr;
  return false;
}

/// A lane that nobody has, or else one of a process that has ended.
bool pin_lane::take_lane() noexcept {
  const std::uint64_t start = start_time(::getpid());
  if (start == 0) return false;  // who cannot say who it is would be taken for dead
  me_ = name_of(::getpid(), start);
  for (const bool of_the_dead : {false, true}) {
    for (std::uint32_t lane = 0; lane < layout::lanes; ++lane) {
      auto owner = layout::owner(at_, lane);
      std::uint64_t seen = owner.load(std::memory_order_acquire);
      if (of_the_dead ? !has_ended(seen) : seen != 0) continue;
      if (!owner.compare_exchange_strong(seen, me_)) continue;
      clear(at_, lane);
      lane_ = lane;
      return true;
    }
  }
  return false;
}

std::uint32_t pin_lane::pin(std::uint64_t generation) noexcept {
  if (at_ == nullptr) return none;
  // Every thread begins on a cache line of its own, so that pins of different threads seldom meet.
  static std::atomic<std::uint32_t> threads{0};
  thread_local const std::uint32_t first = threads.fetch_add(8, std::memory_order_relaxed) % layout::entries;
  for (std::uint32_t i = 0; i < layout::entries; ++i) {
    const std::uint32_t entry = first + i < layout::entries ? first + i : first + i - layout::entries;
    auto at = layout::word(at_, lane_, layout::head_words + entry);
    std::uint64_t free = at.load(std::memory_order_relaxed);
    if (free == 0 && at.compare_exchange_strong(free, generation, std::memory_order_seq_cst)) {
      std::atomic_thread_fence(std::memory_order_seq_cst);  // before the look at the trailer
      return entry;
    }
  }
  return none;
}

bool pin_lane::unpin(std::uint32_t entry) noexcept {
  if (detail::fork_epoch() != epoch_) return false;
  layout::word(at_, lane_, layout::head_words + entry).store(0, std::memory_order_release);
  return true;
}

std::uint64_t pin_lane::held() const noexcept {
  std::uint64_t count = 0;
  if (detail::fork_epoch() != epoch_) return count;
  for (std::uint32_t i = 0; at_ != nullptr && i < layout::entries; ++i) {
    const auto entry = layout::word(at_, lane_, layout::head_words + i).load(std::memory_order_relaxed);
    count += entry != 0 ? 1U : 0U;
  }
  return count;
}

}  // namespace farhold::rma
