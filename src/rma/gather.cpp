// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "gather.hpp"

#include "waiting.hpp"

namespace farhold::rma {

void gather::begin(peer& from, const ticket& object, landing& where, const call_limits& limits,
                   status& outcome, path& way) noexcept {
  fabric_get* place = places_.data();
  while (place->from != nullptr) ++place;
  place->from = &from;
  place->object = object;
  place->where = &where;
  place->until = deadline(limits);
  place->outcome = &outcome;
  // The fabric exposes the first arena and no more.
  const bool exposed = object.arena == 0;
  place->way = exposed && fabric_.can_read(from.id()) ? path::window : path::service;
  way = place->way;
  place->reported = &way;
  ++under_way_;
  if (const status s = start(*place); !s.ok() && !ask_instead(*place, s)) finish(*place, s);
}

/// A read that the fabric has failed may have been the victim of another one, or of its connection: the
/// producer is asked for it, once, and says what it thinks of it. False if the failure stands.
bool gather::ask_instead(fabric_get& one, const status& failed) noexcept {
  if (one.way != path::window || !fabric_.capabilities().serves_instead) return false;
  if (failed.code == errc::out_of_memory || failed.code == errc::unsupported) return false;
  *one.reported = one.way = path::service;
  return start(one).ok();
}

status gather::start(fabric_get& one) noexcept {
  if (const status s = one.from->memory().alive(coarse_now()); !s.ok()) return s;
  if (one.way == path::service) {
    std::byte* const to = one.where->prepare_revocable(one.object.length);
    if (to == nullptr && one.object.length > 0) return {errc::out_of_memory, 0, "allocate landing memory"};
    one.asked.whom = one.from->id();
    one.asked.what = message::kind::read;
    one.asked.object = one.object;
    one.asked.memory = {to, one.object.length};
    return client_.begin(one.asked);
  }
  quarantine_.sweep(fabric_);
  if (quarantine_.full())
    return {errc::out_of_memory, 0, "read while too much landing memory is in quarantine"};
  piece first;
  if (const status s = one.steps.begin(one.object, *one.where, rules_, first); !s.ok()) return s;
  one.wire = {.peer = one.from->id(),
              .offset = first.offset,
              .destination = first.to,
              .size_bytes = first.size_bytes};
  return fabric_.start(one.wire);
}

/// Whether the get is over, and how. A read that failed with parts of it still pending is taken into
/// quarantine here.
bool gather::over(fabric_get& one, status& outcome) noexcept {
  if (one.way == path::service) {
    if (!client_.over(one.asked, outcome)) return false;
    client_.end(one.asked);
    return true;
  }
  bool done = false;
  outcome = fabric_.test(one.wire, done);
  if (!done) {
    if (outcome.ok()) return false;
    give_up(one);
    return true;
  }
  if (!outcome.ok()) return !ask_instead(one, outcome);
  piece next;
  outcome = one.steps.landed(rules_.with_grace(one.from->description().grace_ns), counters_, next);
  if (!outcome.ok() || next.empty()) return true;
  one.wire = {
      .peer = one.from->id(), .offset = next.offset, .destination = next.to, .size_bytes = next.size_bytes};
  outcome = fabric_.start(one.wire);
  return !outcome.ok() && !ask_instead(one, outcome);
}

/// Whether the producer has ended or the time is over.
bool gather::hopeless(fabric_get& one, status& outcome) noexcept {
  outcome = one.from->memory().alive(coarse_now());
  if (!outcome.ok()) return true;
  if (!one.until.passed()) return false;
  outcome = one.until.outcome(one.way == path::window ? "wait for the fabric to read the producer's memory"
                              : one.asked.sent        ? "wait for the producer's answer"
                                                      : "wait for the fabric to take a request");
  return true;
}

/// Lets go of a get that is not over. The fabric may still write where a window read was to land.
void gather::give_up(fabric_get& one) noexcept {
  if (one.way == path::service) {
    client_.end(one.asked);
  } else {
    quarantine_.admit(one.wire, landing_ptr(one.where));
  }
}

void gather::finish(fabric_get& one, const status& outcome) noexcept {
  *one.outcome = outcome;
  one.from = nullptr;
  --under_way_;
}

void gather::wait() noexcept {
  const std::size_t before = under_way_;
  unsigned looks = 0;
  // Every place has a deadline of its own, so that this ends without one here.
  static_cast<void>(wait_for(fabric_, deadline(std::chrono::nanoseconds::max()), [&] {
    const bool look_at_time = ++looks % looks_per_time_check == 0;
    for (fabric_get& one : places_) {
      if (one.from == nullptr) continue;
      status outcome;
      if (over(one, outcome)) {
        finish(one, outcome);
      } else if (look_at_time && hopeless(one, outcome)) {
        if (status last; over(one, last)) {
          outcome = last;
        } else {
          give_up(one);
        }
        finish(one, outcome);
      }
    }
    return under_way_ < before;
  }));
}

}  // namespace farhold::rma
