// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>

#include <farhold/call_options.hpp>
#include <farhold/connector.hpp>
#include <farhold/detail/fork_epoch.hpp>

namespace farhold::detail {

class store_core;

/// What is missing before a proxy has its object: bytes of a store. No store: nothing is.
struct missing {
  std::shared_ptr<store_core> store;
  const key* object = nullptr;
  landing* where = nullptr;
};

/// The untyped side of what the copies of one proxy share: who makes the object, and who holds it.
///
/// Lifetime  Counted; begins with one reference, its maker's.
/// Threads   Whoever has the claim makes the object, and ends the claim by `publish` or `give_up`; the others
///           wait. No mutex: the phase goes idle → making → (idle | made), and `made` never ends. Who waits
///           says so in the phase (`awaited` is `making`), so that nobody looks for waiters where there are
///           none.
class lazy {
 public:
  lazy() = default;
  lazy(const lazy&) = delete;
  lazy& operator=(const lazy&) = delete;
  virtual ~lazy() = default;

  [[nodiscard]] bool made() const noexcept { return phase_.load(std::memory_order_acquire) == phase::made; }
  [[nodiscard]] bool claim() noexcept {
    phase expected = phase::idle;
    if (!phase_.compare_exchange_strong(expected, phase::making, std::memory_order_acquire)) return false;
    claimed_in_.store(fork_epoch() + 1, std::memory_order_relaxed);
    return true;
  }
  /// Waits while somebody else has the claim. Throws `timeout` or `cancelled` when the caller's patience
  /// ends; without a time-out of its own it waits for as long as the other may take. Throws `closed` in a
  /// forked child if the other is a thread of its parent, which it has not.
  void await_claim(const call_options& call) const;

  /// Whether its object comes from a store, so that `begin` calls nothing of the user's.
  [[nodiscard]] virtual bool comes_from_store() const noexcept = 0;
  /// With the claim: looks for what has to be read; makes the object if that is nothing. May throw; the claim
  /// is then still held.
  virtual missing begin(const call_options& call) = 0;
  /// With the claim, after the bytes have landed: makes the object of them. As `begin`.
  virtual void land(store_core& from) = 0;
  /// Ends the claim without an object.
  virtual void give_up() noexcept = 0;
  /// Makes the object, waiting for whoever may be doing so.
  virtual void ensure(const call_options& call) = 0;

  /// Held by how many proxies. Those that resolve in the background do not count.
  [[nodiscard]] std::uint32_t handles() const noexcept {
    return static_cast<std::uint32_t>(references_.load(std::memory_order_acquire));
  }
  friend void intrusive_ptr_add_ref(const lazy* l) noexcept { l->add(1); }
  friend void intrusive_ptr_release(const lazy* l) noexcept { l->drop(1); }

 protected:
  /// Ends the claim.
  void end_claim(bool with_object) noexcept;

 private:
  friend class background_reference;
  enum class phase : int { idle, making, awaited, made };
  static constexpr std::uint64_t one_background = std::uint64_t{1} << 32U;

  void add(std::uint64_t count) const noexcept { references_.fetch_add(count, std::memory_order_relaxed); }
  void drop(std::uint64_t count) const noexcept {
    // Who holds the last reference shares it with nobody, and needs no read-modify-write to see that.
    if (references_.load(std::memory_order_acquire) == count ||
        references_.fetch_sub(count, std::memory_order_acq_rel) == count) {
      delete this;
    }
  }

  mutable std::atomic<phase> phase_{phase::idle};
  std::atomic<std::uint64_t> claimed_in_{0};          // the fork epoch, from 1
  mutable std::atomic<std::uint64_t> references_{1};  // handles, and in the upper half all others
};

/// Keeps what it refers to alive without being one of the proxies that share it.
class background_reference {
 public:
  explicit background_reference(lazy& to) noexcept : to_(&to) { to_->add(lazy::one_background); }
  background_reference(background_reference&& other) noexcept : to_(std::exchange(other.to_, nullptr)) {}
  background_reference& operator=(background_reference&&) = delete;
  ~background_reference() {
    if (to_ != nullptr) to_->drop(lazy::one_background);
  }
  [[nodiscard]] lazy& operator*() const noexcept { return *to_; }

 private:
  lazy* to_;
};

/// One of several proxies that are resolved together.
struct resolve_work {
  lazy* what = nullptr;
  call_options call = {};
  std::exception_ptr problem = {};
};

/// Brings the objects of all, those of one store in one batch. What went wrong is in each work.
void resolve_together(std::span<resolve_work> all);

}  // namespace farhold::detail
