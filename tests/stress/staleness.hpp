// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <farhold/farhold.hpp>
#include <farhold/fault.hpp>

#include "rma/clock.hpp"
#include "rma/validation.hpp"

// A producer that ends and reuses the memory of its objects as fast as it can, and consumers that resolve
// objects which live, which die under their eyes and which are long gone. How they meet is the programs'.

namespace farhold::stress {

using namespace std::chrono_literals;
using word = std::uint64_t;
using words = std::vector<word>;

constexpr std::size_t alive = 32;
constexpr std::size_t arena_bytes = std::size_t{32} << 20U;
constexpr std::size_t remembered = 64;    // of which the oldest are evicted
constexpr auto patience = 120s;           // for one configuration, and so much more
constexpr auto patience_per_read = 10ms;  // with faults some wait for what never comes

/// What a word of an object must be: no two objects agree anywhere.
constexpr std::uint64_t expected(std::uint64_t object, std::uint64_t index) {
  return (object + 1) * 0x9E3779B97F4A7C15ULL + index;
}

/// Mostly pages; now and then 512 KiB, which takes long enough to be reused in the middle.
constexpr std::size_t longest = 65536;
constexpr std::size_t length_of(std::uint64_t object) { return object % 4 == 0 ? longest : 512; }

template <class Container>
void fill(Container& memory, std::uint64_t object) {
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = expected(object, i);
}

inline bool is_right(std::span<const word> found, std::uint64_t object) {
  bool right = found.size() == length_of(object);
  for (std::size_t i = 0; i < found.size(); ++i) right = right && found[i] == expected(object, i);
  return right;
}

/// An object on offer, as it travels.
struct offer {
  std::uint64_t object = 0;
  std::array<std::byte, farhold::key::max_encoded_bytes> key{};
};
using offers = std::array<offer, remembered>;

/// What goes by another than the usual way.
enum class trouble : std::uint8_t {
  none,
  faults,  // in the fabric, and where no fabric brings the bytes, in the consumers' connectors
  clocks,  // the consumers': half as fast as the producer's, or where time does not matter, standing
};

struct configuration {
  std::string name;
  farhold::path way;
  farhold::same_host same_host;
  std::chrono::milliseconds grace = 0ms;
  farhold::validation validation = farhold::validation::automatic;
  bool views = false;  // resolve as pinned views where that can be
  trouble meets = trouble::none;
  bool fooled = false;  // goes by time, and by a clock that stands

  [[nodiscard]] bool faults() const { return meets == trouble::faults; }
  [[nodiscard]] bool by_fabric() const { return way == path::service || way == path::window; }
  [[nodiscard]] configuration with(trouble what) const {
    configuration c = *this;
    c.meets = what;
    c.name += what == trouble::faults ? ", faults" : ", clocks";
    return c;
  }
};

/// What is read in the memory of a process of the same host or from its hands, by each grace period.
inline std::vector<configuration> nearby(std::chrono::milliseconds grace) {
  return {{"mapped", path::mapped, same_host::automatic, grace},
          {"mapped, views", path::mapped, same_host::automatic, grace, validation::automatic, true},
          {"cma", path::cma, same_host::cma, grace, validation::recheck},
          {"cma, fast", path::cma, same_host::cma, grace, validation::fast},
          {"service", path::service, same_host::off, grace}};
}

/// How objects get in: each way has its turn.
constexpr std::array ways_in = {"copied", "adopted", "born in the arena", "lent"};
constexpr std::size_t way_in_of(std::uint64_t object) { return object / 4 % ways_in.size(); }

struct tally {
  // Reads by how they ended; by faults they are refused or late.
  std::uint64_t resolved = 0, stale = 0, wrong = 0, other = 0, refused = 0, late = 0;
  std::uint64_t observed_stale = 0, reused_during_read = 0, second_looks = 0, on_path = 0, views = 0;
  std::uint64_t outlasted = 0;  // second looks, where only time can be why
  std::uint64_t evicted = 0, published_in_place = 0, stops_of_producer = 0, stops_of_consumers = 0;
  std::array<std::uint64_t, ways_in.size()> resolved_by_way_in{};
  std::array<std::uint64_t, 7> faults{};  // of a fabric, by kind

  void add(const tally& t) {
    resolved += t.resolved, stale += t.stale, wrong += t.wrong, other += t.other, refused += t.refused,
        late += t.late;
    observed_stale += t.observed_stale, reused_during_read += t.reused_during_read,
        second_looks += t.second_looks, on_path += t.on_path, views += t.views, outlasted += t.outlasted;
    evicted += t.evicted, published_in_place += t.published_in_place,
        stops_of_producer += t.stops_of_producer, stops_of_consumers += t.stops_of_consumers;
    for (std::size_t i = 0; i < faults.size(); ++i) faults[i] += t.faults[i];
    for (std::size_t i = 0; i < ways_in.size(); ++i) resolved_by_way_in[i] += t.resolved_by_way_in[i];
  }
};

/// The producer's objects, oldest first, each with what its way in needs to end.
class herd {
 public:
  explicit herd(farhold::store& store) : store_(store) {}

  farhold::key put(std::uint64_t object) {
    const std::size_t length = length_of(object);
    member next;
    switch (way_in_of(object)) {
      case 0: {
        words w(length);
        fill(w, object);
        next.key = store_.put(std::as_const(w));
        break;
      }
      case 1: {
        words w(length);
        fill(w, object);
        next.key = store_.put(std::move(w));
        break;
      }
      case 2: {
        std::pmr::vector<word> w(length, store_.memory_resource());
        fill(w, object);
        next.key = store_.put(std::move(w));
        break;
      }
      default: {
        // The same few buffers again and again: written as soon as they are given back.
        words w = take_buffer(length);
        fill(w, object);
        next.memory = std::move(w);
        next.loan.emplace(store_.lend(std::as_const(next.memory)));
        next.key = next.loan->key();
      }
    }
    members_.push_back(std::move(next));
    return members_.back().key;
  }
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  void end_oldest() {
    member& oldest = members_.front();
    if (oldest.loan) {
      oldest.loan->retract();
      oldest.loan.reset();
      std::fill(oldest.memory.begin(), oldest.memory.end(), word{0});  // it is ours again
      spare_.push_back(std::move(oldest.memory));
    } else {
      store_.evict(oldest.key);
    }
    members_.pop_front();
  }

 private:
  struct member {
    farhold::key key;
    words memory;  // lent
    std::optional<farhold::loan<word>> loan;
  };

  words take_buffer(std::size_t length) {
    const auto at =
        std::find_if(spare_.begin(), spare_.end(), [&](const words& w) { return w.size() == length; });
    if (at == spare_.end()) return words(length);
    words w = std::move(*at);
    spare_.erase(at);
    return w;
  }

  farhold::store& store_;
  std::deque<member> members_;
  std::vector<words> spare_;
};

/// `consumers` has `all_done()` and `answer(offers)`, which neither wait; they read `reads` objects.
template <class Consumers>
void produce(farhold::store& store, Consumers& consumers, std::uint64_t reads) {
  offers current;
  herd living(store);
  const auto end = std::chrono::steady_clock::now() + patience + reads * patience_per_read;
  for (std::uint64_t object = 0; !consumers.all_done(); ++object) {
    offer& place = current[object % remembered];
    place.object = object;
    living.put(object).encode(place.key.data());
    if (living.size() > alive) living.end_oldest();
    if (object >= remembered) consumers.answer(current);
    if (std::chrono::steady_clock::now() > end) {
      std::fprintf(stderr, "staleness_stress: the consumers do not finish in time\n");
      std::exit(1);
    }
  }
  while (living.size() > 0) living.end_oldest();
}

inline void read(farhold::store& store, const configuration& c, const offer& what, bool as_view, tally& t) {
  farhold::byte_view bytes(what.key);
  const farhold::key key = farhold::key::decode(bytes);
  try {
    bool right = false;
    if (as_view) {
      const auto p = store.proxy_from_key<std::span<const word>>(key);
      right = is_right(*p, what.object);
      std::this_thread::yield();  // whoever would reuse it has time to
      right = right && is_right(*p, what.object);
    } else {
      const auto p = store.proxy_from_key<words>(key);
      right = is_right(*p, what.object);
    }
    ++(right ? t.resolved : t.wrong);
    if (right) ++t.resolved_by_way_in[way_in_of(what.object)];
  } catch (const farhold::error& e) {
    if (e.kind() == farhold::errc::stale) {
      ++t.stale;
    } else if (c.faults() && e.kind() == farhold::errc::transport_failure) {
      ++t.refused;
    } else if (c.faults() && c.by_fabric() && e.kind() == farhold::errc::corrupt) {
      ++t.refused;  // a message that lost its end
    } else if (c.faults() && c.by_fabric() && e.kind() == farhold::errc::timeout) {
      ++t.late;
    } else {
      if (t.other++ == 0) std::fprintf(stderr, "staleness_stress: %s: %s\n", c.name.c_str(), e.what());
    }
  }
}

/// The service pins what it sends, and a short read under `fast` does not look. Between the last byte of a
/// fabric's read and the second look there is hardly any time, unless the fabric tells late; elsewhere faults
/// are before and after reads, and add nothing.
inline bool can_be_reused_during_read(const configuration& c) {
  return c.way != farhold::path::service && c.validation != farhold::validation::fast &&
         c.by_fabric() == c.faults();
}

/// By time `fast` can tell of some reads, and those that outlast a short grace period it looks at again.
inline bool can_outlast_grace(const configuration& c) {
  return c.validation == farhold::validation::fast && c.grace == 1ms && c.meets != trouble::clocks &&
         c.by_fabric() == c.faults();
}

/// Whether such a consumer, if it believed all that it reads, would soon believe wrong bytes.
inline bool shows_what_validation_does(const configuration& c) {
  return c.way != farhold::path::service && c.grace == 1ms && c.validation != farhold::validation::fast &&
         !c.views && c.meets == trouble::none;
}

/// Of those on offer, the living ones that take long to read, the next to die first.
inline std::vector<offer> long_to_read(const offers& current) {
  const auto older = [](const offer& a, const offer& b) { return a.object < b.object; };
  const std::uint64_t newest = std::max_element(current.begin(), current.end(), older)->object;
  std::vector<offer> found;
  std::copy_if(current.begin(), current.end(), std::back_inserter(found),
               [&](const offer& o) { return o.object + alive > newest && length_of(o.object) == longest; });
  std::sort(found.begin(), found.end(), older);
  return found;
}

/// Whether what is asked for has happened to a consumer's reads.
inline bool met(const configuration& c, const tally& t, const farhold::metrics& m) {
  if (c.fooled || farhold::rma::testing::accept_everything) return t.wrong > 0;
  return t.resolved > 0 && t.stale > 0 && (!c.views || m.on(path::view).resolves > 0) &&
         (!c.faults() || t.refused + t.late > 0) &&
         (!can_be_reused_during_read(c) || m.reused_during_read > 0) &&
         (!can_outlast_grace(c) || m.second_looks > 0);
}

/// Reads `reads` objects, `at_once` of each 64 that it is offered, and then, `until_met`, one long object
/// after the other until it dies, so that it mostly dies while it is read: with much else to do on the
/// machine, chance alone may not bring what is asked for. `producer` has `ask(offers&)` and `done()`.
template <class Producer>
void consume(farhold::store& store, const configuration& c, std::uint64_t reads, bool until_met,
             std::size_t at_once, unsigned seed, Producer& producer, tally& t) {
  std::minstd_rand random(seed);
  offers current;
  for (std::uint64_t n = 0; n < reads;) {
    producer.ask(current);
    std::shuffle(current.begin(), current.end(), random);
    for (const offer& o : std::span(current).first(at_once)) {
      read(store, c, o, c.views && n % 2 == 0, t);
      ++n;
    }
  }
  const auto end = std::chrono::steady_clock::now() + patience / 4;
  const auto in_time = [&] { return std::chrono::steady_clock::now() < end; };
  for (std::size_t n = 0; until_met && in_time() && !met(c, t, store.metrics()); ++n) {
    producer.ask(current);
    const std::vector<offer> candidates = long_to_read(current);
    const offer& candidate = candidates[n % candidates.size()];
    const bool as_view = c.views && n % 2 == 0;
    for (const std::uint64_t died = t.stale + t.wrong; t.stale + t.wrong == died && in_time();)
      read(store, c, candidate, as_view, t);
  }
  producer.done();
}

using decorator = std::function<std::unique_ptr<transport>(std::unique_ptr<transport>)>;

/// Puts faults into the fabric, if they are asked for.
inline decorator faults_of(const configuration& c, std::uint64_t seed,
                           const std::shared_ptr<fault::counts>& seen) {
  if (!c.faults()) return {};
  const auto delay_time = c.fooled ? 15ms : 4ms;
  return [seed, seen, delay_time](std::unique_ptr<transport> inner) {
    return fault::transport(std::move(inner),
                            {.seed = seed,
                             .delay = 0.05,
                             .fail = 0.02,
                             .tear = 0.2,
                             .truncate = 0.005,
                             .duplicate = 0.02,
                             .drop = 0.003,
                             .reorder = 0.01,
                             .delay_time = delay_time,
                             .lost_time = 20ms},
                            seen);
  };
}
/// Puts faults before the calls of a consumer whose reads no fabric brings, if they are asked for.
inline std::unique_ptr<connector> with_faults(std::unique_ptr<connector> inner, const configuration& c,
                                              std::uint64_t seed) {
  if (!c.faults() || c.by_fabric()) return inner;
  return fault::connector(std::move(inner), {.seed = seed, .delay = 0.01, .fail = 0.02, .truncate = 0.01});
}

/// By which a consumer measures its reads. What can be told by it stays true for clocks of up to half the
/// producer's speed; where nothing is told by it, it may as well stand.
inline rma::clock clock_of_consumers(const configuration& c) {
  if (c.meets != trouble::clocks && !c.fooled) return {};
  if (c.validation == validation::fast && !c.fooled)
    return {.read = [](const void*) noexcept { return rma::clock{}.now() / 2 + 3'600'000'000'000U; }};
  return {.read = [](const void*) noexcept { return std::uint64_t{7}; }};
}

/// Consumers do not wait long for what never comes; a producer waits for memory.
inline store_options settings_of(const configuration& c, bool of_producer) {
  return {.adopt_bytes = 0, .timeout = c.faults() && !of_producer ? 40ms : 30s};
}

inline void add_counts(const farhold::metrics& m, const fault::counts& faults, std::uint64_t stops,
                       bool of_producer, const configuration& c, tally& to) {
  to.observed_stale = m.observed_stale;
  to.reused_during_read = m.reused_during_read;
  to.second_looks = m.second_looks;
  if (can_outlast_grace(c)) to.outlasted = m.second_looks;
  to.on_path = m.on(c.way).resolves;
  to.views = m.on(farhold::path::view).resolves;
  to.evicted = m.evicted;
  to.published_in_place = m.published_in_place;
  (of_producer ? to.stops_of_producer : to.stops_of_consumers) = stops;
  to.faults = {faults.delayed,    faults.failed,  faults.torn,     faults.truncated,
               faults.duplicated, faults.dropped, faults.reordered};
}

inline void print(const std::string& name, std::chrono::milliseconds grace, const tally& t) {
  const auto number = [](const char* key, std::uint64_t value) {
    return std::string(",\"") + key + "\":" + std::to_string(value);
  };
  const std::string line =
      "{\"configuration\":\"" + name + "\"" + number("grace_ms", static_cast<std::uint64_t>(grace.count())) +
      number("resolved", t.resolved) + number("views", t.views) + number("stale", t.stale) +
      number("wrong", t.wrong) + number("refused", t.refused) + number("late", t.late) +
      number("other", t.other) + number("observed_stale", t.observed_stale) +
      number("reused_during_read", t.reused_during_read) + number("second_looks", t.second_looks) +
      number("evicted", t.evicted) + number("published_in_place", t.published_in_place) +
      number("stops_of_producer", t.stops_of_producer) + number("stops_of_consumers", t.stops_of_consumers) +
      "}";
  std::puts(line.c_str());
  std::fflush(stdout);
}

/// What must hold of each configuration; what does not is said in `wrong`.
inline void judge(const configuration& c, const tally& t, std::vector<std::string>& wrong) {
  const std::string where = std::string(c.name) + ", grace " + std::to_string(c.grace.count()) + " ms: ";
  const auto require = [&](bool fact, const char* what) {
    if (!fact) wrong.push_back(where + what);
  };
  require(t.wrong == 0, "wrong bytes");
  require(t.other == 0, "an error that nothing explains");
  require(t.observed_stale > 0, "nothing was seen stale");
  require(t.evicted > 0, "nothing was evicted");
  require(t.resolved > 0 && t.on_path > 0, "no object came by its path");
  require(!c.views || t.views > 0, "there was no view");
  require(!c.faults() || t.refused + t.late > 0, "no fault was met");
}

/// What must hold of all configurations together: of each path, and of all.
inline void judge_together(const std::vector<configuration>& all, const std::map<path, tally>& by_path,
                           std::uint64_t wanted, std::vector<std::string>& wrong) {
  tally total;
  for (const auto& [way, t] : by_path) {
    total.add(t);
    for (std::size_t i = 0; i < ways_in.size(); ++i) {
      if (t.resolved_by_way_in[i] == 0)
        wrong.push_back(std::string(to_string(way)) + ": no object that was " + ways_in[i] + " came");
    }
    const auto is_of_way = [way = way](const configuration& c) {
      return c.way == way && can_outlast_grace(c);
    };
    if (t.outlasted == 0 && std::any_of(all.begin(), all.end(), is_of_way))
      wrong.push_back(std::string(to_string(way)) + ": no read outlasted the grace period");
    if (t.published_in_place == 0)
      wrong.push_back(std::string(to_string(way)) + ": nothing was published where it lay");
  }
  const auto require = [&](bool fact, const char* what) {
    if (!fact) wrong.emplace_back(what);
  };
  require(total.resolved + total.stale + total.refused + total.late >= wanted, "fewer reads than wanted");
  require(total.stops_of_producer > 0 && total.stops_of_consumers > 0, "nobody was stopped");
  const auto any = [&](const auto& condition) { return std::any_of(all.begin(), all.end(), condition); };
  if (!any([](const configuration& c) { return c.faults() && c.by_fabric(); })) return;
  require(total.refused > 0 && total.late > 0, "no read was refused, or none was late, by a fault");
  const bool torn = any([](const configuration& c) { return c.faults() && c.way == path::window; });
  constexpr std::array kinds = {"delay", "fail", "tear", "truncate", "duplicate", "drop", "reorder"};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (total.faults[i] == 0 && (torn || std::string_view(kinds[i]) != "tear"))
      wrong.push_back(std::string("no fault of the fabric by ") + kinds[i]);
  }
}

}  // namespace farhold::stress
