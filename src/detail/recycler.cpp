// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/detail/recycler.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <mutex>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define FARHOLD_POISONS_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FARHOLD_POISONS_MEMORY 1
#endif
#endif
#ifdef FARHOLD_POISONS_MEMORY
#include <sanitizer/asan_interface.h>
#endif

namespace farhold::detail {

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;
constexpr std::size_t per_thread_bytes = 64 * mebibyte;
constexpr std::size_t all_threads_bytes = 512 * mebibyte;
constexpr std::size_t shared_bytes = 512 * mebibyte;
constexpr std::size_t claim_bytes = 4 * mebibyte;
constexpr std::size_t most_bytes = std::size_t{1} << 47U;  // no address space has more

// Four sizes per power of two, the first 256 bytes: at most a fifth is wasted, and sizes that are powers of
// two are met exactly, because the spare bytes come on top.
constexpr unsigned first_bits = 8;
constexpr unsigned last_bits = 34;  // larger than any piece that is kept
constexpr std::size_t class_count = std::size_t{last_bits - first_bits} * 4 + 1;

std::size_t class_of(std::size_t size_bytes) noexcept {
  if (size_bytes <= std::size_t{1} << first_bits) return 0;
  const std::size_t last = size_bytes - 1;
  const auto bits = static_cast<unsigned>(std::bit_width(last)) - 1;
  return std::size_t{bits - first_bits} * 4 + ((last >> (bits - 2)) & 3U) + 1;
}

std::size_t size_of(std::size_t which) noexcept {
  if (which == 0) return std::size_t{1} << first_bits;
  const std::size_t step = which - 1;
  return (4 + step % 4 + 1) << (step / 4 + first_bits - 2);
}

std::atomic<std::uint64_t> from_system{0}, to_system{0};

constexpr std::align_val_t alignment{recycled_memory::alignment};

std::byte* allocate(std::size_t size_bytes) noexcept {
  if (size_bytes > most_bytes) return nullptr;
  void* const memory = ::operator new(size_bytes + recycled_memory::spare_bytes, alignment, std::nothrow);
  if (memory != nullptr) from_system.fetch_add(1, std::memory_order_relaxed);
  return static_cast<std::byte*>(memory);
}

void release(std::byte* memory) noexcept {
  to_system.fetch_add(1, std::memory_order_relaxed);
  ::operator delete(memory, alignment);
}

/// A piece that nobody has. The link stands in its own memory.
struct free_piece {
  free_piece* next;
};

// A use after its end is found as if the memory had been given back. The link stays readable: leak checkers
// follow no pointers through poisoned memory.
void poison([[maybe_unused]] free_piece* piece, [[maybe_unused]] std::size_t size_bytes) noexcept {
#ifdef FARHOLD_POISONS_MEMORY
  ASAN_POISON_MEMORY_REGION(piece + 1, size_bytes + recycled_memory::spare_bytes - sizeof *piece);
#endif
}
void unpoison([[maybe_unused]] free_piece* piece, [[maybe_unused]] std::size_t size_bytes) noexcept {
#ifdef FARHOLD_POISONS_MEMORY
  ASAN_UNPOISON_MEMORY_REGION(piece, size_bytes + recycled_memory::spare_bytes);
#endif
}

class free_lists {
 public:
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  [[nodiscard]] std::byte* pop(std::size_t which) noexcept {
    free_piece* const piece = heads_[which];
    if (piece == nullptr) return nullptr;
    heads_[which] = piece->next;
    bytes_ -= size_of(which);
    unpoison(piece, size_of(which));
    return reinterpret_cast<std::byte*>(piece);
  }

  void push(std::size_t which, std::byte* memory) noexcept {
    heads_[which] = ::new (memory) free_piece{heads_[which]};
    bytes_ += size_of(which);
    poison(heads_[which], size_of(which));
  }

  /// Moves all that `to` still takes there, and gives the rest back to the system.
  void drain(free_lists* to = nullptr, std::size_t limit_bytes = 0) noexcept {
    for (std::size_t which = 0; which < class_count; ++which) {
      while (std::byte* const memory = pop(which)) {
        if (to != nullptr && to->bytes_ + size_of(which) <= limit_bytes) {
          to->push(which, memory);
        } else {
          release(memory);
        }
      }
    }
  }

 private:
  std::array<free_piece*, class_count> heads_{};
  std::size_t bytes_ = 0;
};

/// Large pieces, and those that one thread lets go and another one asks for.
///
/// Nobody who allocates waits for its mutex: who does not get it goes to the system. So a child forked while
/// it was held does without.
struct shared_store {
  std::mutex mutex;
  free_lists lists;

  static shared_store& instance() noexcept {
    static shared_store* const one = new shared_store;  // never dies: arrays may be static
    return *one;
  }

  [[nodiscard]] std::byte* take(std::size_t which) noexcept {
    const std::unique_lock lock(mutex, std::try_to_lock);
    return lock ? lists.pop(which) : nullptr;
  }

  void give(std::size_t which, std::byte* memory) noexcept {
    if (size_of(which) <= shared_bytes) {
      if (const std::unique_lock lock(mutex, std::try_to_lock); lock) {
        // Full of sizes that nobody asks for any more, perhaps: it begins anew.
        if (lists.bytes() + size_of(which) > shared_bytes) lists.drain();
        lists.push(which, memory);
        return;
      }
    }
    release(memory);
  }
};

std::atomic<std::size_t> claimed{0};  // by all threads, of all_threads_bytes

class thread_cache {
 public:
  explicit thread_cache(bool& ended) noexcept : ended_(ended) {}
  thread_cache(const thread_cache&) = delete;
  thread_cache& operator=(const thread_cache&) = delete;
  ~thread_cache() {
    lists_.drain();
    claimed.fetch_sub(limit_bytes_, std::memory_order_relaxed);
    ended_ = true;
  }

  /// Null in a thread that has destroyed its variables and is about to end.
  static thread_cache* mine() noexcept {
    thread_local bool ended = false;  // has no destructor, so that it can be asked until the very end
    thread_local thread_cache cache(ended);
    return ended ? nullptr : &cache;
  }

  [[nodiscard]] std::size_t bytes() const noexcept { return lists_.bytes(); }
  [[nodiscard]] std::byte* take(std::size_t which) noexcept { return lists_.pop(which); }

  [[nodiscard]] bool give(std::size_t which, std::byte* memory) noexcept {
    const std::size_t size_bytes = size_of(which);
    if (size_bytes > per_thread_bytes) return false;
    if (lists_.bytes() + size_bytes > limit_bytes_ && !claim(size_bytes)) {
      shared_store& others = shared_store::instance();
      const std::unique_lock lock(others.mutex, std::try_to_lock);
      lists_.drain(lock ? &others.lists : nullptr, shared_bytes);
      if (size_bytes > limit_bytes_) return false;
    }
    lists_.push(which, memory);
    return true;
  }

 private:
  bool claim(std::size_t size_bytes) noexcept {
    const std::size_t more = std::min(std::max(size_bytes, claim_bytes), per_thread_bytes - limit_bytes_);
    if (lists_.bytes() + size_bytes > limit_bytes_ + more) return false;
    if (claimed.fetch_add(more, std::memory_order_relaxed) + more > all_threads_bytes) {
      claimed.fetch_sub(more, std::memory_order_relaxed);
      return false;
    }
    limit_bytes_ += more;
    return true;
  }

  free_lists lists_;
  std::size_t limit_bytes_ = 0;
  bool& ended_;
};

}  // namespace

std::size_t recycled_memory::rounded(std::size_t size_bytes) noexcept {
  const std::size_t which = class_of(size_bytes);
  return which < class_count ? size_of(which) : size_bytes;
}

std::byte* recycled_memory::take(std::size_t size_bytes) noexcept {
  const std::size_t which = class_of(size_bytes);
  if (which >= class_count) return allocate(size_bytes);
  if (thread_cache* const mine = thread_cache::mine(); mine != nullptr) {
    if (std::byte* const memory = mine->take(which)) return memory;
  }
  if (std::byte* const memory = shared_store::instance().take(which)) return memory;
  return allocate(size_of(which));
}

void recycled_memory::give(std::byte* memory, std::size_t size_bytes) noexcept {
  const std::size_t which = class_of(size_bytes);
  if (which >= class_count) return release(memory);
  if (thread_cache* const mine = thread_cache::mine(); mine != nullptr && mine->give(which, memory)) return;
  shared_store::instance().give(which, memory);
}

recycler_counts count_recycled() noexcept {
  shared_store& all = shared_store::instance();
  const std::scoped_lock lock(all.mutex);
  const thread_cache* const mine = thread_cache::mine();
  return {from_system.load(std::memory_order_relaxed), to_system.load(std::memory_order_relaxed),
          mine != nullptr ? mine->bytes() : 0, all.lists.bytes()};
}

}  // namespace farhold::detail
