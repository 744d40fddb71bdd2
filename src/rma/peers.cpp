// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "peers.hpp"

#include <new>

#include "waiting.hpp"

namespace farhold::rma {

peer_memory::access peer::access(same_host wish) noexcept {
  contact& c = known();
  if (!c.attached.load(std::memory_order_acquire)) {
    const std::scoped_lock lock(c.attaching);
    if (!c.attached.load(std::memory_order_relaxed)) {
      c.access = c.memory.attach(c.description, wish);
      c.attached.store(true, std::memory_order_release);
    }
  }
  return c.access;
}

std::uint64_t peer::pins_held() const noexcept {
  if (!met() || !known().attached.load(std::memory_order_acquire)) return 0;
  const mapping* const seen = memory().map();
  return seen != nullptr ? seen->pins_held() : 0;
}

status peer::meet(const card& shown) noexcept {
  if (shown.incarnation != incarnation_) {
    return {errc::producer_lost, 0, "meet the producer: another store has its place"};
  }
  auto* const made = new (std::nothrow) contact(shown);
  if (made == nullptr) return {errc::out_of_memory, 0, "remember the peers"};
  contact* nobody = nullptr;
  if (!contact_.compare_exchange_strong(nobody, made, std::memory_order_acq_rel)) delete made;
  return {};
}

/// Peers by incarnation, with open addressing; at most half full. One writer, any number of readers.
class peers::table {
 public:
  explicit table(std::size_t slots) : mask_(slots - 1), slots_(new std::atomic<peer*>[slots]()) {}

  [[nodiscard]] peer* find(std::uint64_t incarnation) const noexcept {
    for (std::size_t at = place_of(incarnation);; ++at) {
      peer* const found = slots_[at & mask_].load(std::memory_order_acquire);
      if (found == nullptr || found->incarnation() == incarnation) return found;
    }
  }
  void insert(peer& added) noexcept {
    std::size_t at = place_of(added.incarnation());
    while (slots_[at & mask_].load(std::memory_order_relaxed) != nullptr) ++at;
    slots_[at & mask_].store(&added, std::memory_order_release);
  }
  [[nodiscard]] std::size_t room() const noexcept { return (mask_ + 1) / 2; }

 private:
  [[nodiscard]] static std::size_t place_of(std::uint64_t incarnation) noexcept {
    return incarnation * 0x9E3779B97F4A7C15U >> 32U;  // Fibonacci hashing, for incarnations somebody made up
  }

  std::size_t mask_;
  std::unique_ptr<std::atomic<peer*>[]> slots_;
};

peers::peers() : current_(nullptr) {
  constexpr std::size_t first_slots = 16;
  tables_.push_back(std::make_unique<table>(first_slots));
  current_.store(tables_.back().get(), std::memory_order_release);
}

peers::~peers() = default;

peer* peers::find(std::uint64_t incarnation) const noexcept {
  return current_.load(std::memory_order_acquire)->find(incarnation);
}

peer& peers::add(peer_id id, std::uint64_t incarnation) {
  if (all_.size() == tables_.back()->room()) {
    auto larger = std::make_unique<table>(tables_.back()->room() * 4);
    for (peer& old : all_) larger->insert(old);
    tables_.push_back(std::move(larger));
  }
  peer& added = all_.emplace_back(id, incarnation);
  tables_.back()->insert(added);
  current_.store(tables_.back().get(), std::memory_order_release);
  return added;
}

status peers::meet_all(const transport& fabric) noexcept try {
  const std::scoped_lock lock(mutex_);
  for (peer_id id = 0; id < fabric.peer_count(); ++id) {
    card description;
    if (const status s = card::decode(fabric.card(id), description); !s.ok()) return s;
    if (find(description.incarnation) != nullptr) {
      return {errc::corrupt, 0, "read the peers' cards: two have one incarnation"};
    }
    if (const status s = add(id, description.incarnation).meet(description); !s.ok()) return s;
  }
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "remember the peers"};
}

status peers::introduce(transport& fabric, std::string_view address, std::uint64_t incarnation) noexcept try {
  const std::scoped_lock lock(mutex_);
  if (find(incarnation) != nullptr) return {};
  if (all_.size() >= most) return {errc::out_of_memory, 0, "remember a producer: too many are known"};
  peer_id id = 0;
  if (const status s = fabric.introduce(address, incarnation, id); !s.ok()) return s;
  static_cast<void>(add(id, incarnation));
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "remember a producer"};
}

status peers::meet(transport& fabric, peer& whom, const deadline& until) noexcept {
  if (whom.met()) return {};
  status outcome;
  bool done = false;
  const bool in_time = wait_for(fabric, until, [&] {
    outcome = fabric.meet(whom.id(), done);
    return done || !outcome.ok();
  });
  if (!in_time) return until.outcome("wait for the producer to tell who it is");
  if (!outcome.ok()) return outcome;
  card shown;
  if (const status s = card::decode(fabric.card(whom.id()), shown); !s.ok()) return s;
  return whom.meet(shown);
}

std::uint64_t peers::pins_held() const noexcept {
  const std::scoped_lock lock(mutex_);
  std::uint64_t held = 0;
  for (const peer& p : all_) held += p.pins_held();
  return held;
}

}  // namespace farhold::rma
