// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <farhold/transport.hpp>

#include "card.hpp"

namespace farhold::rma {

/// The processes a fabric can reach although they did not meet at the start: how, and, once they were met,
/// their cards. The first is this process itself.
///
/// Lifetime  Nobody is forgotten.
/// Threads   All of it.
/// Errors    Adding throws std::bad_alloc.
template <class Address>
class acquaintances {
 public:
  struct whom {
    Address at;
    std::uint64_t incarnation = 0;
  };

  peer_id add(Address at, std::uint64_t incarnation) {
    const std::scoped_lock lock(mutex_);
    all_.push_back({{std::move(at), incarnation}, errc::ok, nullptr});
    return static_cast<peer_id>(all_.size() - 1);
  }

  /// Nothing for those that were never added.
  [[nodiscard]] std::optional<whom> find(peer_id peer) const {
    const std::scoped_lock lock(mutex_);
    return peer < all_.size() ? std::optional(all_[peer].who) : std::nullopt;
  }

  /// Empty until it was met.
  [[nodiscard]] byte_view card(peer_id peer) const noexcept {
    const std::scoped_lock lock(mutex_);
    return peer < all_.size() && all_[peer].shown ? byte_view(*all_[peer].shown) : byte_view();
  }
  [[nodiscard]] bool has_card(peer_id peer) const noexcept { return !card(peer).empty(); }

  /// Keeps the card somebody has shown; the first one stays. `corrupt` if it is another store's.
  status meet(peer_id peer, const rma::card& shown) {
    auto kept = std::make_unique<const card_bytes>(shown.encode());
    const std::scoped_lock lock(mutex_);
    if (peer >= all_.size()) return {errc::invalid_argument, 0, "meet: no such peer"};
    entry& e = all_[peer];
    if (shown.incarnation != e.who.incarnation)
      return {errc::corrupt, 0, "meet the producer: it shows the card of another store"};
    if (!e.shown) e.shown = std::move(kept);
    return {};
  }

  /// Remembers why one that was never met could not be, for `take_refusal`.
  void refuse(peer_id peer, errc reason) noexcept {
    const std::scoped_lock lock(mutex_);
    if (peer < all_.size() && !all_[peer].shown) all_[peer].refused = reason;
  }
  /// Once; then it is tried anew.
  [[nodiscard]] errc take_refusal(peer_id peer) noexcept {
    const std::scoped_lock lock(mutex_);
    return peer < all_.size() ? std::exchange(all_[peer].refused, errc::ok) : errc::ok;
  }

  /// What one that was introduced costs, besides what its address keeps elsewhere.
  static constexpr std::size_t bytes_each() noexcept { return sizeof(entry); }

 private:
  using card_bytes = std::array<std::byte, rma::card::encoded_bytes>;
  struct entry {
    whom who;
    errc refused = errc::ok;
    std::unique_ptr<const card_bytes> shown;
  };

  mutable std::mutex mutex_;
  std::deque<entry> all_;
};

}  // namespace farhold::rma
