// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "arena_resource.hpp"

#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include <farhold/detail/process_mutex.hpp>

#include "trailer.hpp"

namespace farhold::rma {

namespace {

class no_room final : public std::bad_alloc {
 public:
  [[nodiscard]] const char* what() const noexcept override {
    return "farhold: no room in the arena; evict objects, or open the store with larger arena_bytes or "
           "arena_limit_bytes";
  }
};

class no_store final : public std::bad_alloc {
 public:
  [[nodiscard]] const char* what() const noexcept override {
    return "farhold: the store of this memory resource is closed";
  }
};

}  // namespace

arena_resource* arena_resource::make(arenas& memory) noexcept try {
  // Where leak checkers still find them.
  static auto* const guard = new detail::process_mutex;
  static auto* const kept = new std::vector<std::unique_ptr<arena_resource>>;
  const std::scoped_lock lock(*guard);
  kept->reserve(kept->size() + 1);
  kept->emplace_back(new arena_resource(memory));
  return kept->back().get();
} catch (const std::bad_alloc&) {
  return nullptr;
}

void* arena_resource::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (alignment > allocator::granule_bytes) throw no_room();
  arenas_ptr memory;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || memory_->forked()) throw no_store();
    memory = memory_;
  }
  reservation room;
  // Containers have no deadline to give; a full arena is waited for as `reserve` does by itself.
  if (!memory->reserve(bytes, deadline(std::chrono::nanoseconds::max()), room).ok()) throw no_room();
  try {
    const std::scoped_lock lock(mutex_);
    if (closed_) throw no_store();
    live_.emplace(room.memory.data(), allocation{room.handle, bytes});
  } catch (...) {
    memory->abandon(room.handle);
    throw;
  }
  return room.memory.data();
}

void arena_resource::do_deallocate(void* at, std::size_t /*bytes*/, std::size_t /*alignment*/) {
  arenas_ptr memory;
  allocation gone;
  {
    const std::scoped_lock lock(mutex_);
    if (memory_->forked()) return;
    const auto found = live_.find(at);
    gone = found->second;
    live_.erase(found);
    memory = memory_;
    if (closed_ && live_.empty()) memory_.reset();
  }
  // Without the lock: the owner of another object may be released here, and come back for its memory.
  memory->give_back(gone.handle);
}

bool arena_resource::find(byte_view memory, std::uint64_t& handle) const noexcept {
  const std::scoped_lock lock(mutex_);
  const auto found = live_.find(memory.data());
  if (found == live_.end() || memory.size() > found->second.bytes) return false;
  handle = found->second.handle;
  return true;
}

void arena_resource::close() noexcept {
  arenas_ptr last;
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  if (live_.empty()) last.swap(memory_);
}

}  // namespace farhold::rma
