// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "remote_reads.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include <farhold/log.hpp>
#include <farhold/ofi.hpp>

#include "providers.hpp"

namespace farhold::ofi::detail {

namespace {

std::string names_of_all() {
  std::string names;
  for (const provider& one : providers()) names.append(names.empty() ? "" : ", ").append(one.name);
  return names.empty() ? "none" : names;
}

}  // namespace

status remote_reads::open(byte_span memory, const std::string& named, const rma::net_address& where) noexcept
    try {
  wanted_ = true;
  const fi_info* const chosen = choose_provider(named, where);
  status s{errc::unsupported, 0, "choose a provider of libfabric"};
  if (chosen == nullptr) {
    why_not_ = "there is no provider" + (named.empty() ? std::string() : " '" + named + "'") + " at " +
               where.to_string() + " that can do remote reads; libfabric has: " + names_of_all();
  } else if (s = start_up(memory, *chosen); !s.ok()) {
    why_not_ =
        "the provider " + name_of(*chosen) + " cannot be used at " + where.to_string() + ": " + s.where;
  }
  up_ = s.ok();
  if (up_) return s;
  close();
  return named.empty() ? status{} : s;
} catch (const std::bad_alloc&) {
  close();
  return {errc::out_of_memory, 0, "prepare reads by libfabric"};
}

status remote_reads::start_up(byte_span memory, const fi_info& chosen) {
  if (const status s = domain_.open(chosen); !s.ok()) return s;
  mine_ = offer::of(chosen);
  if (const status s = exposure_.open(domain_, memory, mine_); !s.ok()) return s;
  if (const status s = reader_.open(domain_); !s.ok()) return s;
  told_ = mine_.encode();
  up_ = true;
  accept(0, told_);  // with same_host=off this process reads its own objects like all others
  return {};
}

void remote_reads::close() noexcept {
  up_ = false;
  reader_.close();
  exposure_.close();
}

void remote_reads::accept(peer_id from, byte_view told) noexcept try {
  offer theirs;
  if (!wanted_ || told.empty() || !offer::decode(told, theirs)) return;
  const std::scoped_lock lock(accepting_);
  if (up_ && theirs.fits(mine_)) {
    if (far_arena* const known = peers_.find(from)) {
      known->failures.store(0, std::memory_order_relaxed);  // of the same store: the same again
    } else {
      theirs.address.push_back(std::byte{0});  // a name ends here, whoever made it
      peers_.add(from, std::make_unique<far_arena>(theirs));
    }
  } else if (!std::exchange(told_of_missing_, true)) {
    farhold::detail::log(what_is_missing(theirs));
  }
} catch (const std::bad_alloc&) {
  // It is asked to send.
}

/// Why nothing can be read from who offers this.
std::string remote_reads::what_is_missing(const offer& theirs) const {
  std::string text = "a producer is read by the libfabric provider " + theirs.provider;
  const auto all = providers();
  if (up_ && theirs.provider == mine_.provider) {
    text += ", of another version than this process's, or with addresses of another kind";
  } else if (std::ranges::none_of(all, [&](const provider& one) { return one.name == theirs.provider; })) {
    text += ", which this process does not have; its libfabric has: " + names_of_all();
  } else {
    text += ", which this process does not use (it uses " + (up_ ? mine_.provider : "none: " + why_not_) +
            "); open the store with ?provider=" + theirs.provider;
  }
  return text + "; such producers are asked to send";
}

bool remote_reads::wants(peer_id peer) noexcept {
  if (!up_) return false;
  const far_arena* const from = peers_.find(peer);
  return from != nullptr && reader_.wants(*from);
}

status remote_reads::start(remote_read& read) noexcept {
  far_arena* const from = peers_.find(read.peer);
  if (from == nullptr) return {errc::unreachable, 0, "read by the fabric: the producer has offered nothing"};
  return reader_.start(read, *from);
}

bool remote_reads::progress() noexcept {
  if (!up_) return false;
  exposure_.progress();
  return reader_.progress();
}

bool remote_reads::arm() noexcept {
  if (!up_) return true;
  if (!reader_.is_settled()) return false;
  fid* wanted[] = {&exposure_.at().completions->fid};
  return ::fi_trywait(domain_.fabric(), wanted, 1) == FI_SUCCESS;
}

}  // namespace farhold::ofi::detail
