// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "inquiry.hpp"

#include <algorithm>

#include "waiting.hpp"

namespace farhold::rma {

void inquiry::begin(peer_id whom, const peer_memory& process, message::kind what, const ticket& object,
                    status& outcome) noexcept {
  place& one = *std::ranges::find(places_, nullptr, &place::outcome);
  one.question.whom = whom;
  one.question.what = what;
  one.question.object = object;
  one.process = &process;
  outcome = process.alive(coarse_now());
  if (outcome.ok()) outcome = client_.begin(one.question);
  if (!outcome.ok()) return;
  one.outcome = &outcome;
  ++under_way_;
  if (status told; client_.over(one.question, told)) finish(one, told);
}

void inquiry::finish(place& one, const status& outcome) noexcept {
  client_.end(one.question);
  *one.outcome = outcome;
  one.outcome = nullptr;
  --under_way_;
}

void inquiry::look() noexcept {
  for (place& one : places_) {
    if (status told; one.outcome != nullptr && client_.over(one.question, told)) finish(one, told);
  }
}

void inquiry::give_up_the_dead() noexcept {
  for (place& one : places_) {
    if (one.outcome == nullptr) continue;
    const status lost = one.process->alive(coarse_now());
    if (lost.ok()) continue;
    status told;  // by its last words
    finish(one, client_.over(one.question, told) ? told : lost);
  }
}

void inquiry::wait() noexcept {
  const std::size_t before = under_way_;
  const auto fewer = [&] { return under_way_ < before; };
  const auto answered = [&] {
    look();
    return fewer();
  };
  const auto hopeless = [&] {
    give_up_the_dead();
    return fewer();
  };
  if (wait_for(fabric_, until_, answered, hopeless)) return;
  give_up_the_dead();
  for (place& one : places_) {
    if (one.outcome == nullptr) continue;
    finish(one, until_.outcome(one.question.sent ? "wait for the producer's answer"
                                                 : "wait for the fabric to take a request"));
  }
}

}  // namespace farhold::rma
