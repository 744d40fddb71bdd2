// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "engine.hpp"

#include <new>
#include <system_error>
#include <thread>

#include <farhold/log.hpp>

#include "waiting.hpp"

namespace farhold::rma {

namespace {

constexpr status closed_here{errc::closed, 0, "use a closed connector"};

}  // namespace

/// Counts the calls that are inside, so that close can let them end.
class engine::call_guard {
 public:
  explicit call_guard(engine& e) noexcept : engine_(e) {
    engine_.calls_.fetch_add(1, std::memory_order_seq_cst);
  }
  call_guard(const call_guard&) = delete;
  call_guard& operator=(const call_guard&) = delete;
  ~call_guard() { engine_.calls_.fetch_sub(1, std::memory_order_release); }
  [[nodiscard]] bool may_go_on() const noexcept { return !engine_.closing_.load(std::memory_order_seq_cst); }

 private:
  engine& engine_;
};

engine::engine(std::unique_ptr<transport> fabric, const options& options)
    : fabric_(std::move(fabric)), options_(options), incarnation_(random_number()) {
  rules_.mode = options_.validation;
  if (rules_.mode == validation::automatic) {
    rules_.mode = under_hypervisor() ? validation::recheck : validation::fast;
  }
  rules_.grace_ns = static_cast<std::uint64_t>(options_.grace.count());
  rules_.time = options_.time;
}

engine::~engine() {
  progress_.stop();  // it may be the one that closes, see on_fabric_ending
  // Peers may read the arena, and reads of ours may land, until the fabric has said otherwise in close.
  if (!exposed_) return;
  arena_.leak();
  quarantine_.leak();
}

status engine::make_arena() noexcept try {
  if (options_.grace < std::chrono::nanoseconds::zero())
    return {errc::invalid_argument, 0, "use a negative grace period"};
  if (const status s = arena_.create(options_.arena_bytes, incarnation_); !s.ok()) return s;
  blocks_.emplace(arena_.memory(), arena::header_bytes, incarnation_, options_.grace, options_.time);
  server_.emplace(*fabric_, *blocks_);
  client_.emplace(*fabric_);
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "allocate the arena's tables"};
}

status engine::open() noexcept {
  const status mine = make_arena();
  // Peers learn of a failure here by the transport's agreement, so that all fail or none.
  if (const status s =
          fabric_->open(arena_.memory(), arena_.description().encode(), mine, *this, options_.timeout);
      !s.ok()) {
    return s;
  }
  exposed_ = true;
  if (const status s = meet_peers(); !s.ok()) return s;
  opened_.store(true, std::memory_order_release);
  if (!options_.progress_thread) return {};
  try {
    progress_.start(*fabric_, quarantine_);
  } catch (const std::system_error& problem) {
    return {errc::out_of_memory, problem.code().value(), "start the progress thread"};
  }
  return {};
}

status engine::meet_peers() noexcept try {
  for (peer_id id = 0; id < fabric_->peer_count(); ++id) {
    auto& p = peers_.emplace_back(std::make_unique<peer>());
    if (const status s = card::decode(fabric_->card(id), p->description); !s.ok()) return s;
    if (!by_incarnation_.emplace(p->description.incarnation, id).second) {
      return {errc::corrupt, 0, "read the peers' cards: two have one incarnation"};
    }
    p->memory.meet(p->description);
  }
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "remember the peers"};
}

status engine::close(std::chrono::nanoseconds timeout) noexcept {
  if (closing_.exchange(true, std::memory_order_seq_cst)) return closed_here;
  if (!opened_.load(std::memory_order_acquire)) return {};
  const deadline until(timeout);
  const bool calls_ended =
      wait_for(*fabric_, until, [&] { return calls_.load(std::memory_order_seq_cst) == 0; });
  progress_.stop();
  // The fabric does not end while a read of ours is pending, and nobody else asks after these any more.
  const bool drained = drain_quarantine(until);
  // Others may still be reading; the transport serves them while it waits for them to come here too.
  status ended = fabric_->close(until.left());
  if (ended.ok() && (!calls_ended || !drained || !blocks_->wait_unpinned(until))) {
    ended = {errc::timeout, 0, "wait for reads that are under way"};
  }
  if (ended.ok()) {
    exposed_ = false;
  } else {
    // The fabric may still read the arena: it stays, better lost than reused under its eyes.
    detail::log("a connector could not be closed in time; its arena stays allocated until the process ends");
  }
  return ended;
}

void engine::on_fabric_ending() noexcept {
  if (closed()) return;
  detail::log(
      "the fabric is being shut down before close(): closing now; call store.close() on all processes first");
  constexpr std::chrono::seconds patience{5};
  static_cast<void>(close(patience));
}

void engine::on_message(peer_id from, byte_view bytes) noexcept {
  message m;
  if (!message::decode(bytes, m).ok()) return server_->refuse();
  switch (m.what) {
    case message::kind::read:
    case message::kind::exists:
    case message::kind::evict: return server_->answer(from, m);
    case message::kind::answer:
    case message::kind::fragment: return client_->on_reply(from, m);
  }
}

void engine::on_sent(std::uint64_t cookie, status outcome) noexcept { server_->on_sent(cookie, outcome); }

status engine::reserve(std::uint64_t size_bytes, std::chrono::nanoseconds timeout,
                       reservation& out) noexcept {
  const call_guard guard(*this);
  if (!guard.may_go_on()) return closed_here;
  std::uint32_t slot = 0;
  const status s = blocks_->reserve(size_bytes, timeout, slot, out.memory);
  out.handle = slot;
  return s;
}

status engine::publish(const reservation& room, type_id type, key& out) noexcept {
  const call_guard guard(*this);
  if (!guard.may_go_on()) return closed_here;
  out = blocks_->publish(static_cast<std::uint32_t>(room.handle), room.memory.size(), type).to_key();
  fabric_->memory_changed();
  return {};
}

void engine::abandon(const reservation& room) noexcept {
  blocks_->abandon(static_cast<std::uint32_t>(room.handle));
}

/// Takes a key apart and finds who holds its object. Bounds are checked against what that peer said of
/// itself, before anything is allocated or read for a key that may come from anywhere.
status engine::locate(const key& object, ticket& out, peer_id& at) const noexcept {
  if (const status s = ticket::from_key(object, out); !s.ok()) return s;
  const auto found = by_incarnation_.find(out.incarnation);
  if (found == by_incarnation_.end()) {
    return {errc::producer_lost, 0, "find the producer: no process of this job has the ticket's incarnation"};
  }
  at = found->second;
  const std::uint64_t segment = peers_[at]->description.segment_bytes;
  if (out.arena != 0 || out.offset < arena::header_bytes || out.offset % allocator::granule_bytes != 0 ||
      out.offset > segment || out.length > segment || block_bytes(out.length) > segment - out.offset) {
    return {errc::corrupt, 0, "find the object: the ticket points outside the producer's arena"};
  }
  return {};
}

bool engine::drain_quarantine(const deadline& until) noexcept {
  return wait_for(*fabric_, until, [&] {
    quarantine_.sweep(*fabric_);
    return quarantine_.bytes() == 0;
  });
}

/// Also where the answer is `none`, because a fabric may wait for ever for a process of this host that the
/// kernel knows to be dead.
peer_memory::access engine::access_to(peer& p) noexcept {
  if (!p.attached.load(std::memory_order_acquire)) {
    const std::scoped_lock lock(attaching_);
    if (!p.attached.load(std::memory_order_relaxed)) {
      p.access = p.memory.attach(p.description, options_.same_host);
      p.attached.store(true, std::memory_order_release);
    }
  }
  return p.access;
}

status engine::get(const key& object, landing& where, std::chrono::nanoseconds timeout,
                   read_report& report) noexcept {
  const call_guard guard(*this);
  if (!guard.may_go_on()) return closed_here;
  ticket wanted;
  peer_id at = 0;
  if (const status s = locate(object, wanted, at); !s.ok()) return s;
  report.way = path::mapped;
  if (own_objects_directly(at)) return get_own(wanted, where);
  peer& p = *peers_[at];
  switch (access_to(p)) {
    case peer_memory::access::mapped: return get_mapped(p, wanted, where);
    case peer_memory::access::cma: report.way = path::cma; return get_by_cma(p, wanted, where);
    case peer_memory::access::none: break;
  }
  const deadline until(timeout);
  if (fabric_->capabilities().one_sided) {
    report.way = path::window;
    return get_by_window(at, wanted, where, until);
  }
  report.way = path::service;
  return client_->read(at, p.memory, wanted, where, until);
}

status engine::get_own(const ticket& object, landing& where) noexcept {
  byte_view payload;
  if (const status s = blocks_->pin(object, payload); !s.ok()) return s;
  const status s = where.fill(payload);
  blocks_->unpin(object);
  return s;
}

status engine::get_mapped(peer& p, const ticket& object, landing& where) noexcept {
  if (const status s = p.memory.alive(clock{}.now()); !s.ok()) return s;
  return read_mapped(p.memory.mapped().subspan(object.offset, block_bytes(object.length)), object, where,
                     counters_);
}

status engine::get_by_cma(peer& p, const ticket& object, landing& where) noexcept {
  return read_remote(object, where, rules_, counters_,
                     [&](std::uint64_t offset, std::byte* to, std::uint64_t bytes) noexcept {
                       return p.memory.read(offset, to, bytes);
                     });
}

status engine::get_by_window(peer_id from, const ticket& object, landing& where,
                             const deadline& until) noexcept {
  return read_remote(object, where, rules_, counters_,
                     [&](std::uint64_t offset, std::byte* to, std::uint64_t bytes) noexcept {
                       return read_window(
                           {.peer = from, .offset = offset, .destination = to, .size_bytes = bytes}, where,
                           until);
                     });
}

status engine::read_window(remote_read read, landing& where, const deadline& until) noexcept {
  quarantine_.sweep(*fabric_);
  if (quarantine_.full())
    return {errc::out_of_memory, 0, "read while too much landing memory is in quarantine"};
  const peer_memory& process = peers_[read.peer]->memory;
  const auto lost = [&] { return process.alive(clock{}.now()); };
  if (const status s = lost(); !s.ok()) return s;
  if (const status s = fabric_->start(read); !s.ok()) return s;
  status outcome;
  bool done = false;
  static_cast<void>(wait_for(
      *fabric_, until,
      [&] {
        if (outcome.ok()) outcome = fabric_->test(read, done);
        return done || !outcome.ok();
      },
      [&] { return !lost().ok(); }));
  if (done) return outcome;
  quarantine_.admit(read, landing_ptr(&where));
  if (const status s = lost(); !s.ok()) return s;
  return outcome.ok() ? status{errc::timeout, 0, "wait for the fabric to read the producer's memory"}
                      : outcome;
}

status engine::look(peer_id at, const ticket& object, const deadline& until,
                    std::optional<trailer>& found) noexcept {
  const std::uint64_t offset = object.offset + trailer_offset(object.length);
  peer& p = *peers_[at];
  switch (access_to(p)) {
    case peer_memory::access::mapped:
      if (const status s = p.memory.alive(clock{}.now()); !s.ok()) return s;
      found = load_shared_trailer(p.memory.mapped().data() + offset);
      return {};
    case peer_memory::access::cma:
      return p.memory.read(offset, reinterpret_cast<std::byte*>(&found.emplace()), sizeof(trailer));
    case peer_memory::access::none: break;
  }
  return client_->ask(at, p.memory, message::kind::exists, object, until);
}

status engine::exists(const key& object, std::chrono::nanoseconds timeout, bool& answer) noexcept {
  const call_guard guard(*this);
  if (!guard.may_go_on()) return closed_here;
  answer = false;
  ticket wanted;
  peer_id at = 0;
  if (const status s = locate(object, wanted, at); !s.ok()) return s;
  std::optional<trailer> found;
  status s = look(at, wanted, deadline(timeout), found);
  if (s.ok() && found) s = compare(*found, wanted);
  answer = s.ok();
  return s.code == errc::stale ? status{} : s;
}

status engine::evict(const key& object, std::chrono::nanoseconds timeout) noexcept {
  const call_guard guard(*this);
  if (!guard.may_go_on()) return closed_here;
  ticket wanted;
  peer_id at = 0;
  if (const status s = locate(object, wanted, at); !s.ok()) return s;
  if (at != fabric_->self()) {
    peer& p = *peers_[at];
    static_cast<void>(access_to(p));
    return client_->ask(at, p.memory, message::kind::evict, wanted, deadline(timeout));
  }
  const status s = blocks_->evict(wanted);
  fabric_->memory_changed();
  return s;
}

void engine::collect(metrics& m) const noexcept {
  m.evicted += blocks_->evicted();
  m.reused_during_read += counters_.reused_during_read.load(std::memory_order_relaxed);
  m.second_looks += counters_.second_looks.load(std::memory_order_relaxed);
  m.quarantined_bytes += quarantine_.bytes();
  server_->collect(m);
}

}  // namespace farhold::rma
