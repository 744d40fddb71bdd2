// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "consumer.hpp"

#include <algorithm>
#include <array>

#include "gather.hpp"
#include "inquiry.hpp"
#include "waiting.hpp"

namespace farhold::rma {

namespace {

constexpr status closed_by_producer{errc::producer_lost, 0,
                                    "read the producer's memory: its store is closed"};
/// What is left of the limits of a call of which some has been used up.
call_limits rest_of(const call_limits& limits, std::chrono::nanoseconds spent) noexcept {
  return {std::max(limits.timeout - spent, std::chrono::nanoseconds::zero()), limits.stop};
}

}  // namespace

consumer::consumer(transport& fabric, producer& own, const options& how)
    : fabric_(fabric), own_(own), options_(how), client_(fabric) {
  rules_.mode = how.validation;
  if (rules_.mode == validation::automatic) {
    rules_.mode = under_hypervisor() ? validation::recheck : validation::fast;
  }
  rules_.time = how.time;
}

const peer* consumer::holder_of(const key& object) const noexcept {
  ticket t;
  return ticket::from_key(object, t).ok() ? peers_.find(t.incarnation) : nullptr;
}

/// Takes a key apart and finds who holds its object. Bounds are checked against what that peer said of
/// itself, before anything is allocated or read for a key that may come from anywhere.
status consumer::locate(const key& object, const call_limits& limits, found& out) noexcept {
  ticket& t = out.object;
  if (const status s = ticket::from_key(object, t); !s.ok()) return s;
  out.at = peers_.find(t.incarnation);
  if (out.at == nullptr) {
    return {errc::producer_lost, 0, "find the producer: nobody known here has the ticket's incarnation"};
  }
  if (!out.at->met()) [[unlikely]] {
    const auto began = std::chrono::steady_clock::now();
    if (const status s = peers::meet(fabric_, *out.at, deadline(limits)); !s.ok()) return s;
    out.spent = std::chrono::steady_clock::now() - began;
  }
  constexpr status outside{errc::corrupt, 0,
                           "find the object: the ticket points outside the producer's arena"};
  if (t.arena_index() >= segment_header::max_arenas) return outside;
  segment_entry segment{.segment_bytes = out.at->description().segment_bytes};
  if (t.arena_index() > 0) {
    // Whoever is not on this host learns from the producer whether it has such an arena.
    if (out.at->access(options_.same_host) == peer_memory::access::none) return {};
    if (const status s = out.at->memory().find(t.arena_index(), segment); !s.ok()) return s;
  }
  return lies_within(t, arena::header_bytes, segment.segment_bytes) ? status{} : outside;
}

status consumer::confirm(const found& wanted, const call_limits& limits) noexcept {
  const ticket& t = wanted.object;
  const bool bounded = t.arena_index() == 0 && !t.elsewhere();
  if (bounded || t.length <= wanted.at->description().segment_bytes) return {};
  return ask(wanted, message::kind::exists, deadline(limits));
}

status consumer::ask(const found& wanted, message::kind what, const deadline& until) noexcept {
  status outcome;
  inquiry::place place;
  inquiry one(fabric_, client_, {&place, 1}, until);
  one.begin(wanted.at->id(), wanted.at->memory(), what, wanted.object, outcome);
  while (!one.idle()) one.wait();
  return outcome;
}

bool consumer::get_nearby(const found& wanted, landing& where, status& outcome, path& way) noexcept {
  way = path::mapped;
  if (own_objects_directly(*wanted.at)) {
    outcome = own_.get(wanted.object, where);
    return true;
  }
  const peer_memory::access access = wanted.at->access(options_.same_host);
  if (access == peer_memory::access::none) return false;
  if (wanted.object.elsewhere()) {
    if (!wanted.at->memory().has_cma()) return false;
    way = path::cma;
    outcome = get_elsewhere(*wanted.at, wanted.object, where);
    return true;
  }
  if (access == peer_memory::access::mapped) {
    outcome = get_mapped(*wanted.at, wanted.object, where);
    return true;
  }
  way = path::cma;
  outcome = get_by_cma(*wanted.at, wanted.object, where);
  return true;
}

status consumer::get(const key& object, landing& where, const call_limits& limits,
                     read_report& report) noexcept {
  found wanted;
  if (const status s = locate(object, limits, wanted); !s.ok()) return s;
  status outcome;
  if (get_nearby(wanted, where, outcome, report.way)) return outcome;
  if (const status s = confirm(wanted, limits); !s.ok()) return s;
  fabric_get place;
  gather one(fabric_, client_, quarantine_, rules_, counters_, {&place, 1});
  one.begin(*wanted.at, wanted.object, where, rest_of(limits, wanted.spent), outcome, report.way);
  while (!one.idle()) one.wait();
  return outcome;
}

void consumer::get_batch(std::span<read_request> requests) noexcept {
  std::array<fabric_get, pipeline_depth> places;
  gather many(fabric_, client_, quarantine_, rules_, counters_, places);
  for (read_request& r : requests) {
    found wanted;
    r.outcome = locate(*r.object, r.limits, wanted);
    if (!r.outcome.ok() || get_nearby(wanted, *r.where, r.outcome, r.report.way)) continue;
    if (r.outcome = confirm(wanted, r.limits); !r.outcome.ok()) continue;
    while (many.full()) many.wait();
    many.begin(*wanted.at, wanted.object, *r.where, rest_of(r.limits, wanted.spent), r.outcome, r.report.way);
  }
  while (!many.idle()) many.wait();
}

status consumer::get_mapped(const peer& p, const ticket& object, landing& where) noexcept {
  if (const status s = p.memory().alive(coarse_now()); !s.ok()) return s;
  mapping& from = *p.memory().map();
  if (from.closed()) return closed_by_producer;
  const byte_view segment = from.arena(object.arena_index());
  if (segment.empty()) return {errc::transport_failure, 0, "map one more arena of the producer"};
  const byte_view block = segment.subspan(object.offset, block_bytes(object.length));
  if (where.wants_view()) {
    const status s = show_mapped(block, object, from, where);
    if (s.code != errc::unsupported) return s;
  }
  return read_mapped(block, object, where, counters_);
}

status consumer::get_by_cma(const peer& p, const ticket& object, landing& where) noexcept {
  segment_entry segment;
  if (const status s = p.memory().find(object.arena_index(), segment); !s.ok()) return s;
  return read_remote(object, where, rules_.with_grace(p.description().grace_ns), counters_,
                     [&](const piece& wanted) noexcept {
                       return p.memory().read_at(segment.base_address + wanted.offset, wanted.to,
                                                 wanted.size_bytes, wanted.rest);
                     });
}

status consumer::get_elsewhere(const peer& p, const ticket& object, landing& where) noexcept {
  return read_elsewhere(
      object, where, counters_, [&](trailer& out) noexcept { return look_nearby(p, object, out); },
      [&](std::uint64_t address, std::byte* to, std::uint64_t bytes) noexcept {
        return p.memory().read_at(address, to, bytes);
      });
}

status consumer::look_nearby(const peer& p, const ticket& object, trailer& out) noexcept {
  const peer_memory& memory = p.memory();
  if (mapping* const from = memory.map()) {
    if (const status s = memory.alive(coarse_now()); !s.ok()) return s;
    const byte_view segment = from->arena(object.arena_index());
    if (segment.empty()) return {errc::transport_failure, 0, "map one more arena of the producer"};
    out = load_shared_trailer(segment.data() + trailer_place(object));
    std::atomic_thread_fence(std::memory_order_acquire);
    return from->closed() ? closed_by_producer : status{};
  }
  segment_entry segment;
  if (const status s = memory.find(object.arena_index(), segment); !s.ok()) return s;
  return memory.read_at(segment.base_address + trailer_place(object), reinterpret_cast<std::byte*>(&out),
                        sizeof out);
}

status consumer::look(const found& wanted, const deadline& until,
                      std::optional<trailer>& trailer_found) noexcept {
  if (wanted.at->access(options_.same_host) != peer_memory::access::none)
    return look_nearby(*wanted.at, wanted.object, trailer_found.emplace());
  return ask(wanted, message::kind::exists, until);
}

status consumer::exists(const key& object, const call_limits& limits, bool& answer) noexcept {
  answer = false;
  found wanted;
  if (const status s = locate(object, limits, wanted); !s.ok()) return s;
  std::optional<trailer> trailer_found;
  status s = look(wanted, deadline(rest_of(limits, wanted.spent)), trailer_found);
  if (s.ok() && trailer_found) s = compare(*trailer_found, wanted.object);
  answer = s.ok();
  return s.code == errc::stale ? status{} : s;
}

status consumer::evict(const key& object, const call_limits& limits) noexcept {
  found wanted;
  if (const status s = locate(object, limits, wanted); !s.ok()) return s;
  if (is_self(*wanted.at)) return own_.evict(wanted.object, deadline(rest_of(limits, wanted.spent)));
  static_cast<void>(wanted.at->access(options_.same_host));
  return ask(wanted, message::kind::evict, deadline(rest_of(limits, wanted.spent)));
}

template <class Settled>
void consumer::ask_batch(message::kind what, std::span<key_request> requests, const call_limits& limits,
                         Settled&& settled) noexcept {
  const auto began = std::chrono::steady_clock::now();
  const deadline until(limits);
  std::array<inquiry::place, pipeline_depth> places;
  inquiry many(fabric_, client_, places, until);
  for (key_request& r : requests) {
    found wanted;
    r.outcome = locate(*r.object, rest_of(limits, std::chrono::steady_clock::now() - began), wanted);
    if (!r.outcome.ok() || settled(wanted, r, until)) continue;
    while (many.full()) many.wait();
    many.begin(wanted.at->id(), wanted.at->memory(), what, wanted.object, r.outcome);
  }
  while (!many.idle()) many.wait();
}

void consumer::exists_batch(std::span<key_request> requests, const call_limits& limits) noexcept {
  ask_batch(message::kind::exists, requests, limits,
            [&](const found& wanted, key_request& r, const deadline&) noexcept {
              if (wanted.at->access(options_.same_host) == peer_memory::access::none) return false;
              trailer there;
              r.outcome = look_nearby(*wanted.at, wanted.object, there);
              if (r.outcome.ok()) r.outcome = compare(there, wanted.object);
              return true;
            });
  for (key_request& r : requests) {
    r.exists = r.outcome.ok();
    if (r.outcome.code == errc::stale) r.outcome = {};
  }
}

void consumer::evict_batch(std::span<key_request> requests, const call_limits& limits) noexcept {
  ask_batch(message::kind::evict, requests, limits,
            [&](const found& wanted, key_request& r, const deadline& until) noexcept {
              if (is_self(*wanted.at)) {
                r.outcome = own_.evict(wanted.object, until);
                return true;
              }
              static_cast<void>(wanted.at->access(options_.same_host));
              return false;
            });
}

bool consumer::drain_quarantine(const deadline& until) noexcept {
  return wait_for(fabric_, until, [&] {
    quarantine_.sweep(fabric_);
    return quarantine_.bytes() == 0;
  });
}

void consumer::collect(metrics& m) const noexcept {
  m.reused_during_read += counters_.reused_during_read.load(std::memory_order_relaxed);
  m.second_looks += counters_.second_looks.load(std::memory_order_relaxed);
  m.quarantined_bytes += quarantine_.bytes();
  m.pins_held += peers_.pins_held();
}

}  // namespace farhold::rma
