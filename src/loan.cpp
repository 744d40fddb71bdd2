// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/loan.hpp>

#include <condition_variable>
#include <mutex>

#include <farhold/log.hpp>

#include "detail/fork.hpp"

namespace farhold::detail {

/// Shared by a loan and the connector that reads its memory, whichever ends last.
class lent_memory {
 public:
  lent_memory() : fork_epoch_(fork_epoch()) {}

  using share = std::shared_ptr<lent_memory>;

  /// For `resident::release`: ends the connector's share.
  static void release(void* owner) noexcept {
    const std::unique_ptr<share> connectors(static_cast<share*>(owner));
    lent_memory& memory = **connectors;
    const std::scoped_lock lock(memory.mutex_);
    memory.released_ = true;
    memory.changed_.notify_all();
  }

  /// Whether it was released by then.
  [[nodiscard]] bool wait(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, stop, deadline, [this] { return released_; });
  }

  /// In a forked child the memory is a copy that no reader of the parent's sees.
  [[nodiscard]] bool inherited() const noexcept { return fork_epoch() != fork_epoch_; }

 private:
  std::uint64_t fork_epoch_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool released_ = false;
};

untyped_loan::untyped_loan() noexcept = default;
untyped_loan::untyped_loan(untyped_loan&& other) noexcept = default;

untyped_loan& untyped_loan::operator=(untyped_loan&& other) noexcept {
  if (this != &other) {
    retract_quietly();
    store_ = std::move(other.store_);
    key_ = other.key_;
    memory_ = std::move(other.memory_);
    evicted_ = other.evicted_;
  }
  return *this;
}

untyped_loan::~untyped_loan() { retract_quietly(); }

bool untyped_loan::lend(const std::shared_ptr<store_core>& store, byte_view memory, type_id type) {
  auto made = std::make_shared<lent_memory>();
  auto connectors = std::make_unique<lent_memory::share>(made);
  const resident users{
      .memory = memory, .lent = true, .owner = connectors.get(), .release = &lent_memory::release};
  if (!store->adopt(users, type, key_)) return false;
  static_cast<void>(connectors.release());
  memory_ = std::move(made);
  store_ = store;
  return true;
}

void untyped_loan::copied(const std::shared_ptr<store_core>& store, const farhold::key& object) noexcept {
  store_ = store;
  key_ = object;
}

const key& untyped_loan::key() const {
  if (!active()) throw error(errc::invalid_argument, "this loan is of nothing, or was retracted");
  return key_;
}

void untyped_loan::retract(const call_options& call) {
  if (!active()) return;
  const auto timeout = call.timeout.value_or(store_->options().timeout);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  if (memory_ != nullptr && memory_->inherited()) {
    store_ = nullptr;
    return;
  }
  if (!evicted_) {
    try {
      store_->evict(key_, call);
    } catch (const error& problem) {
      // Evicted already, or ended with its store: what is left is to wait for those who still read.
      if (problem.kind() != errc::stale && problem.kind() != errc::closed) throw;
    }
    evicted_ = true;
  }
  if (memory_ != nullptr && !memory_->wait(deadline, call.stop)) {
    const std::string text = "store '" + store_->name() + "': the " + std::to_string(key_.size_bytes()) +
                             " bytes lent as object " + key_.to_string() + " are still being read";
    if (call.stop.stop_requested()) {
      throw error(errc::cancelled, text +
                                       ", and the call was asked to stop; retract again before they are "
                                       "written or freed");
    }
    throw error(errc::timeout, text +
                                   " after the deadline; end the views of them, and retract again before "
                                   "they are written or freed");
  }
  store_ = nullptr;
}

void untyped_loan::retract_quietly() noexcept {
  try {
    retract({});
  } catch (const std::exception& problem) {
    log(problem.what());
  } catch (...) {
  }
}

}  // namespace farhold::detail
