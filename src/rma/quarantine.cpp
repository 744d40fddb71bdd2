// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "quarantine.hpp"

#include <farhold/detail/process_mutex.hpp>

namespace farhold::rma {

void quarantine::admit(const remote_read& read, const landing_ptr& memory) noexcept {
  try {
    const std::scoped_lock lock(mutex_);
    patients_.push_back({read, memory});
    bytes_.fetch_add(read.size_bytes, std::memory_order_relaxed);
  } catch (...) {
    intrusive_ptr_add_ref(
        memory.get());  // no memory to remember it by: leaked rather than written after free
  }
}

void quarantine::sweep(transport& fabric) noexcept {
  if (bytes() == 0) return;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  for (std::size_t i = 0; i < patients_.size();) {
    bool done = false;
    static_cast<void>(fabric.test(patients_[i].read, done));
    if (!done) {
      ++i;
      continue;
    }
    bytes_.fetch_sub(patients_[i].read.size_bytes, std::memory_order_relaxed);
    std::swap(patients_[i], patients_.back());
    patients_.pop_back();
  }
}

void quarantine::leak() noexcept {
  const std::scoped_lock lock(mutex_);
  if (patients_.empty()) return;
  // Where leak checkers still find it.
  static auto* const guard = new detail::process_mutex;
  static auto* const kept = new std::vector<std::vector<patient>>;
  const std::scoped_lock both(*guard);
  try {
    kept->emplace_back().swap(patients_);
  } catch (...) {
    for (patient& one : patients_) static_cast<void>(one.memory.detach());
  }
}

}  // namespace farhold::rma
