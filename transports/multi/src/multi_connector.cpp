// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "multi_connector.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>

#include <farhold/registry.hpp>

namespace farhold::multi {

namespace {

constexpr status closed{errc::closed, 0, "use a closed multi store"};
constexpr status for_proxies_only{
    errc::unsupported, 0, "store an object: this store was opened from a proxy; open it with its parts"};
constexpr status no_policy{errc::unsupported, 0, "find a part whose policy takes the object"};
constexpr std::chrono::seconds patience_for_undoing{5};
constexpr std::size_t longest_uri = 255;

/// Which part a call of this thread failed in, for `cure`, which is asked next.
struct failure {
  const void* store = nullptr;
  std::size_t part = 0;
};
thread_local failure last_failure;

/// Whether an object is out of reach for good, or for now, although nobody has ended it.
bool is_lost(const status& s) noexcept {
  switch (s.code) {
    case errc::producer_lost:
    case errc::unreachable:
    case errc::permission:
    case errc::store_unknown:
    case errc::invalid_argument: return true;
    default: return false;
  }
}

/// Whether a part has kept the landing of a get that failed, because its fabric may still write there:
/// nothing else may land in it then. `holders` had it before.
bool is_kept(const landing& where, unsigned holders) noexcept { return where.use_count() > holders; }

/// Takes no bytes: for those who want to know what a get would say.
class no_landing final : public landing {
 public:
  std::byte* prepare(std::uint64_t, std::uint64_t) noexcept override { return nullptr; }
  status fill(byte_view) noexcept override { return {}; }
};

/// One that fits into a proxy. Where it cannot, others need the store to be open.
std::string short_uri(const directory& parts) {
  std::string uri = to_uri(parts);
  return uri.size() <= longest_uri ? uri : to_uri({});
}

std::chrono::nanoseconds rest_of(std::chrono::nanoseconds timeout,
                                 std::chrono::steady_clock::time_point began) {
  return std::max<std::chrono::nanoseconds>(timeout - (std::chrono::steady_clock::now() - began),
                                            std::chrono::nanoseconds::zero());
}

}  // namespace

/// One object that is being written: where, and what is to be known if it has to go elsewhere.
struct multi_connector::room {
  std::size_t step = 0;  // in the chooser's order
  std::size_t part = 0;
  reservation inner;
  bool published = false;  // the inner room is no longer ours
  wanted object;
  call_limits limits{std::chrono::nanoseconds::zero()};
};

multi_connector::multi_connector(std::vector<part> all, const options& how) : twin_(how.twin) {
  const auto refuse = [](const std::string& why) {
    throw error(errc::invalid_argument, "a multi store " + why);
  };
  if (all.empty() || all.size() > most_parts)
    refuse("has from 1 to 16 parts, not " + std::to_string(all.size()));
  std::vector<policy> policies;
  std::vector<connector_capabilities> can;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].to == nullptr) refuse("was given no connector as part " + std::to_string(i));
    directory_.parts[i] = all[i].to->uri();
    policies.push_back(std::move(all[i].takes));
    can.push_back(all[i].to->capabilities());
  }
  if (twin_ && (*twin_ >= all.size() || !can[*twin_].promises_keys || !can[*twin_].outlives_producer)) {
    refuse("cannot have part " + std::to_string(*twin_) +
           " as its durable twin: it must be one that outlives its producer and promises keys, such as file");
  }
  directory_.twin = twin_;
  const auto everywhere = [&](auto member) { return std::all_of(can.begin(), can.end(), member); };
  const auto somewhere = [&](auto member) { return std::any_of(can.begin(), can.end(), member); };
  can_.other_processes = everywhere([](const auto& c) { return c.other_processes; });
  can_.outlives_producer = twin_ || everywhere([](const auto& c) { return c.outlives_producer; });
  can_.counts_reads = somewhere([](const auto& c) { return c.counts_reads; });
  can_.durable = (twin_ && can[*twin_].durable) || somewhere([](const auto& c) { return c.durable; });
  can_.max_object_bytes = 0;
  for (const auto& c : can) can_.max_object_bytes = std::max(can_.max_object_bytes, c.max_object_bytes);
  const bool twin_is_durable = twin_ && can[*twin_].durable;
  chooser_.emplace(std::move(policies), std::move(can), twin_is_durable);
  if (twin_) twin_writer_ = std::make_unique<twin_writer>(*all[*twin_].to, how.backlog_bytes);
  for (std::size_t i = 0; i < all.size(); ++i) {
    parts_.learn(i, directory_.parts[i]);
    parts_.set(i, std::move(all[i].to));
  }
  uri_ = short_uri(directory_);
}

multi_connector::multi_connector(const description& described) : twin_(described.twin) {
  for (const auto& [index, uri] : described.uris) parts_.learn(index, uri);
  directory_ = {described.uris, described.twin};
  uri_ = short_uri(directory_);
  can_ = {.other_processes = true, .outlives_producer = true};
}

std::string multi_connector::origin(const key& object) const {
  const auto where = place_of(object);
  if (!where) return {};
  directory needed;
  const auto add = [&](std::size_t index, const key& inner) {
    const farhold::connector* const open = parts_.open_at(index);
    std::string uri = open != nullptr ? open->origin(inner) : std::string();
    if (uri.empty() && open != nullptr) uri = open->uri();
    if (uri.empty()) {
      if (const auto at = directory_.parts.find(index); at != directory_.parts.end()) uri = at->second;
    }
    needed.parts[index] = std::move(uri);
  };
  add(where->part, where->inner);
  if (where->twin) {
    add(*where->twin, where->twin_inner);
    needed.twin = where->twin;
  }
  std::string uri = to_uri(needed);
  if (uri.size() > longest_uri && where->twin) {
    needed.parts.erase(*where->twin);
    uri = short_uri(needed);
  }
  return uri;
}

// Writing.

status multi_connector::failed_in(std::size_t part, const status& problem) const noexcept {
  if (!problem.ok()) last_failure = {this, part};
  return problem;
}

status multi_connector::reserve(std::uint64_t size_bytes, const call_limits& limits,
                                reservation& out) noexcept try {
  if (closed_) return closed;
  if (!chooser_) return for_proxies_only;
  auto mine = std::make_unique<room>();
  mine->object.size_bytes = size_bytes;
  if (limits.hints != nullptr) {
    mine->object.type = limits.hints->type;
    mine->object.type_known = true;
    mine->object.tag = limits.hints->tag;
    mine->object.reads = limits.hints->reads;
    mine->object.durable = limits.hints->durable;
  }
  mine->limits = call_limits(limits.timeout, limits.stop);
  if (const status s = reserve_from(0, *mine, limits); !s.ok()) return s;
  out = {.memory = mine->inner.memory, .handle = reinterpret_cast<std::uintptr_t>(mine.get())};
  static_cast<void>(mine.release());
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "note where the object goes"};
}

status multi_connector::reserve_from(std::size_t from, room& mine, const call_limits& limits) noexcept {
  const auto& order = chooser_->order();
  status outcome = no_policy;
  for (std::size_t step = from; step < order.size(); ++step) {
    const std::size_t index = order[step];
    if (!chooser_->takes(index, mine.object)) continue;
    reservation inner;
    outcome = failed_in(index, parts_.open_at(index)->reserve(mine.object.size_bytes, limits, inner));
    if (outcome.ok()) {
      inner.reads = mine.object.reads;
      mine.step = step;
      mine.part = index;
      mine.inner = inner;
      return {};
    }
    if (outcome.code != errc::out_of_memory) return outcome;
  }
  return outcome;
}

bool multi_connector::needs_twin(const room& mine) const noexcept {
  return twin_ && mine.object.reads == 0 && mine.part != *twin_ &&
         !parts_.open_at(mine.part)->capabilities().outlives_producer;
}

/// A room of the twin's with the bytes in it, and the key that it will have.
status multi_connector::prepare_twin(const room& mine, const reservation& reserved, type_id type,
                                     twin_writer::job& job) noexcept {
  farhold::connector& twin = *parts_.open_at(*twin_);
  if (const status s = twin.reserve(reserved.memory.size(), mine.limits, job.room); !s.ok())
    return failed_in(*twin_, s);
  if (const status s = twin.promise(reserved.memory.size(), type, mine.limits, job.twin); !s.ok()) {
    twin.abandon(job.room);
    return failed_in(*twin_, s);
  }
  if (!reserved.memory.empty())
    std::memcpy(job.room.memory.data(), reserved.memory.data(), reserved.memory.size());
  job.type = type;
  job.room.durable = mine.object.durable;
  return {};
}

/// Publishes in the part that was chosen, or, if that is full after all, in the next one that takes it.
status multi_connector::publish_first(room& mine, const reservation& reserved, type_id type,
                                      key& made) noexcept try {
  for (;;) {
    farhold::connector& to = *parts_.open_at(mine.part);
    mine.inner.durable = mine.object.durable && to.capabilities().durable;
    const status s = failed_in(mine.part, to.publish(mine.inner, type, made));
    if (s.code != errc::out_of_memory) return s;
    room next = mine;
    if (!reserve_from(mine.step + 1, next, mine.limits).ok()) return s;
    if (!reserved.memory.empty())
      std::memcpy(next.inner.memory.data(), mine.inner.memory.data(), mine.inner.memory.size());
    // The caller's memory is the first room's, and stays until he is done with it.
    const reservation refused = mine.inner;
    const status t = [&] {
      farhold::connector& other = *parts_.open_at(next.part);
      next.inner.durable = mine.object.durable && other.capabilities().durable;
      return failed_in(next.part, other.publish(next.inner, type, made));
    }();
    if (t.ok()) {
      to.abandon(refused);
      mine.part = next.part;
      mine.step = next.step;
      return t;
    }
    parts_.open_at(next.part)->abandon(next.inner);
    if (t.code != errc::out_of_memory) return t;
    mine.step = next.step;  // and the one after
  }
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "note where the object goes"};
}

status multi_connector::publish(const reservation& reserved, type_id type, key& out) noexcept {
  room& mine = *reinterpret_cast<room*>(reserved.handle);
  if (closed_) return closed;
  twin_writer::job job;
  bool with_twin = needs_twin(mine);
  if (with_twin) {
    if (const status s = prepare_twin(mine, reserved, type, job); !s.ok()) return s;
  }
  farhold::connector* const twin = twin_ ? parts_.open_at(*twin_) : nullptr;
  bool twin_is_there = false;
  if (with_twin && mine.object.durable) {
    job.room.promised = &job.twin;
    key same;
    if (const status s = failed_in(*twin_, twin->publish(job.room, type, same)); !s.ok()) {
      twin->abandon(job.room);
      return s;
    }
    twin_is_there = true;
  }
  place where;
  const status s = publish_first(mine, reserved, type, where.inner);
  where.part = mine.part;
  if (with_twin && !twin_is_there && s.ok() && !needs_twin(mine)) {  // it went where it lasts
    twin->abandon(job.room);
    with_twin = false;
  }
  if (with_twin) {
    where.twin = twin_;
    where.twin_inner = job.twin;
  }
  const bool fits = s.ok() && to_key(where, out);
  if (s.ok()) mine.published = true;
  if (!fits) {
    if (s.ok()) static_cast<void>(parts_.open_at(mine.part)->evict(where.inner, patience_for_undoing));
    if (twin_is_there) static_cast<void>(twin->evict(job.twin, patience_for_undoing));
    if (with_twin && !twin_is_there) twin->abandon(job.room);
    return s.ok()
               ? status{errc::unsupported, 0, "name the object: the keys of its parts are too long together"}
               : s;
  }
  if (with_twin && !twin_is_there) {
    job.first_at = parts_.open_at(mine.part);
    job.first = where.inner;
    twin_writer_->add(job);
  }
  abandon(reserved);
  return {};
}

void multi_connector::abandon(const reservation& reserved) noexcept {
  const std::unique_ptr<room> mine(reinterpret_cast<room*>(reserved.handle));
  if (!mine->published) parts_.open_at(mine->part)->abandon(mine->inner);
}

status multi_connector::adopt(const resident& object, type_id type, key& out) noexcept {
  constexpr status copy{errc::unsupported, 0, "publish memory in place"};
  if (closed_) return closed;
  if (!chooser_ || twin_) return copy;  // the twin has to read it later
  wanted what;
  what.size_bytes = object.memory.size();
  what.type = type;
  what.type_known = true;
  for (const std::size_t index : chooser_->order()) {
    if (!chooser_->takes(index, what)) continue;
    place where{.part = index, .inner = {}, .twin = {}, .twin_inner = {}};
    farhold::connector& to = *parts_.open_at(index);
    const status s = to.adopt(object, type, where.inner);
    if (!s.ok()) return s.code == errc::out_of_memory ? copy : s;
    // The identifiers of connectors that adopt are short, so that this cannot fail once it is published.
    return to_key(where, out) ? status{} : copy;
  }
  return copy;
}

std::pmr::memory_resource* multi_connector::memory() noexcept {
  if (!chooser_ || twin_) return nullptr;
  return parts_.open_at(chooser_->order().front())->memory();
}

// Reading.

status multi_connector::find(const key& object, place& out) const noexcept {
  if (closed_) return closed;
  auto found = place_of(object);
  if (!found) return {errc::not_found, 0, "find the object: no multi store has made its key"};
  out = *found;
  return {};
}

status multi_connector::get(const key& object, landing& where, const call_limits& limits,
                            read_report& report) noexcept {
  const auto began = std::chrono::steady_clock::now();
  place at;
  if (const status s = find(object, at); !s.ok()) return s;
  status first;
  const unsigned holders = where.use_count();
  if (farhold::connector* const part = parts_.at(at.part, first))
    first = part->get(at.inner, where, limits, report);
  if (first.ok() || !at.twin || !is_lost(first) || is_kept(where, holders)) return failed_in(at.part, first);
  // Nobody has ended it, and its producer is gone or out of reach.
  call_limits rest(rest_of(limits.timeout, began), limits.stop);
  status second;
  if (farhold::connector* const twin = parts_.at(*at.twin, second))
    second = twin->get(at.twin_inner, where, rest, report);
  if (second.code == errc::stale || second.code == errc::store_unknown) return failed_in(at.part, first);
  return failed_in(*at.twin, second);
}

void multi_connector::get_batch(std::span<read_request> requests) noexcept try {
  std::vector<place> places(requests.size());
  std::array<std::vector<std::size_t>, most_parts> of_part;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    requests[i].outcome = find(*requests[i].object, places[i]);
    if (requests[i].outcome.ok()) of_part[places[i].part].push_back(i);
  }
  for (std::size_t index = 0; index < most_parts; ++index) {
    if (of_part[index].empty()) continue;
    status why;
    farhold::connector* const part = parts_.at(index, why);
    std::vector<read_request> some;
    std::vector<unsigned> holders;
    for (const std::size_t i : of_part[index]) {
      holders.push_back(requests[i].where->use_count());
      some.push_back(requests[i]);
      some.back().object = &places[i].inner;
      some.back().outcome = part == nullptr ? why : status{};
    }
    if (part != nullptr) part->get_batch(some);
    for (std::size_t n = 0; n < some.size(); ++n) {
      read_request& one = requests[of_part[index][n]];
      one.outcome = failed_in(index, some[n].outcome);
      one.report = some[n].report;
      if (!one.outcome.ok() && is_lost(one.outcome) && places[of_part[index][n]].twin &&
          !is_kept(*one.where, holders[n]))
        one.outcome = get(*one.object, *one.where, one.limits, one.report);
    }
  }
} catch (const std::bad_alloc&) {
  for (read_request& one : requests)
    one.outcome = {errc::out_of_memory, 0, "sort the objects by their parts"};
}

status multi_connector::exists(const key& object, const call_limits& limits, bool& answer) noexcept {
  const auto began = std::chrono::steady_clock::now();
  answer = false;
  place at;
  if (const status s = find(object, at); !s.ok()) return s.code == errc::not_found ? status{} : s;
  status first;
  farhold::connector* const part = parts_.at(at.part, first);
  if (part != nullptr) first = part->exists(at.inner, limits, answer);
  if (answer || !at.twin || (!first.ok() && !is_lost(first))) return failed_in(at.part, first);
  // Gone, but how? Only an object that was lost, and not ended, is looked for elsewhere.
  call_limits rest(rest_of(limits.timeout, began), limits.stop);
  if (part != nullptr && first.ok()) {
    const landing_ptr nowhere(new (std::nothrow) no_landing);
    read_report ignored;
    if (nowhere == nullptr) return {errc::out_of_memory, 0, "look for the object"};
    const status told = part->get(at.inner, *nowhere, rest, ignored);
    if (!is_lost(told)) return {};
  }
  status second;
  farhold::connector* const twin = parts_.at(*at.twin, second);
  if (twin == nullptr) return failed_in(*at.twin, second);
  return failed_in(*at.twin, twin->exists(at.twin_inner, rest, answer));
}

status multi_connector::evict(const key& object, const call_limits& limits) noexcept {
  const auto began = std::chrono::steady_clock::now();
  place at;
  if (const status s = find(object, at); !s.ok()) return s;
  if (at.twin && twin_writer_ != nullptr) twin_writer_->settle(at.twin_inner);
  status first;
  if (farhold::connector* const part = parts_.at(at.part, first)) first = part->evict(at.inner, limits);
  first = failed_in(at.part, first);
  if (!at.twin || (!first.ok() && !is_lost(first))) {
    if (first.ok()) ++evicted_;
    return first;
  }
  call_limits rest(rest_of(limits.timeout, began), limits.stop);
  if (first.ok()) rest.timeout = std::max<std::chrono::nanoseconds>(rest.timeout, patience_for_undoing);
  status second;
  if (farhold::connector* const twin = parts_.at(*at.twin, second)) second = twin->evict(at.twin_inner, rest);
  // Either of them is the object; what was never written, or is gone, need not end.
  const bool gone = second.code == errc::stale;
  const status outcome = first.ok() ? (gone ? status{} : second) : second;
  if (outcome.ok()) ++evicted_;
  return failed_in(*at.twin, outcome);
}

// The end.

status multi_connector::close(std::chrono::nanoseconds timeout) noexcept {
  const auto began = std::chrono::steady_clock::now();
  if (closed_.exchange(true)) return {};
  status outcome;
  if (twin_writer_ != nullptr && !twin_writer_->drain(timeout)) {
    outcome = {errc::timeout, 0, "write what is left to the durable twin"};
  }
  twin_writer_.reset();
  for (std::size_t i = 0; i < most_parts; ++i) {
    farhold::connector* const part = parts_.open_at(i);
    if (part == nullptr) continue;
    const status s = failed_in(i, part->close(rest_of(timeout, began)));
    if (outcome.ok()) outcome = s;
  }
  return outcome;
}

void multi_connector::collect(metrics& m) const noexcept {
  const std::uint64_t before = m.evicted;
  for (std::size_t i = 0; i < most_parts; ++i) {
    if (const farhold::connector* const part = parts_.open_at(i)) part->collect(m);
  }
  // An object and its twin are one; and where no producer is needed, who ends an object counts it.
  if (twin_) m.evicted = before + evicted_;
}

std::string multi_connector::cure(const status& problem) const {
  if (last_failure.store != this) return {};
  const farhold::connector* const part = parts_.open_at(last_failure.part);
  return part != nullptr ? part->cure(problem) : std::string();
}

// Making one.

std::unique_ptr<farhold::connector> connector(std::vector<part> parts, const options& how) {
  return std::make_unique<multi_connector>(std::move(parts), how);
}

void add_schemes(registry& to) {
  to.add_scheme("multi", [](uri& address) -> std::unique_ptr<farhold::connector> {
    description described = description::take_from(address);
    if (described.late) return std::make_unique<multi_connector>(described);
    std::vector<part> all;
    for (const auto& [index, uri] : described.uris) {
      if (index != all.size()) {
        throw error(errc::invalid_argument,
                    "the parts of a multi store are numbered from 0 on, without gaps; " +
                        std::to_string(all.size()) + " is missing");
      }
      all.push_back({registry::global().open(uri), std::move(described.policies[index])});
    }
    return connector(std::move(all), {.twin = described.twin});
  });
}

}  // namespace farhold::multi
