// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Rank 0 evicts and reuses the blocks of a small arena as fast as it can, while all other ranks resolve
// objects that live, that die under their eyes and that are long gone, over every path. Every word of every
// object that resolves is checked. Wrong bytes must be 0, and the events that could cause them must have
// happened.
//
//   staleness_stress [resolves, over all paths and grace periods: 100000]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <farhold/farhold.hpp>
#include <farhold/mpi.hpp>

#include "rma/validation.hpp"

namespace {

using namespace std::chrono_literals;
using words = std::vector<std::uint64_t>;

constexpr int producer = 0;
constexpr int ask_tag = 1;     // a consumer wants offers
constexpr int offers_tag = 2;  // the producer's answer
constexpr int done_tag = 3;    // a consumer has done its share
constexpr std::size_t alive = 32;
constexpr std::size_t remembered = 64;  // of which the oldest are evicted
constexpr auto patience = 120s;         // for one configuration

/// What a word of an object must be: no two objects agree anywhere.
constexpr std::uint64_t expected(std::uint64_t object, std::uint64_t index) {
  return (object + 1) * 0x9E3779B97F4A7C15ULL + index;
}

words make(std::uint64_t object) {
  // Mostly pages; now and then 512 KiB, which takes long enough to be reused in the middle.
  words w(object % 4 == 0 ? 65536 : 512);
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = expected(object, i);
  return w;
}

/// An object on offer, as it travels.
struct offer {
  std::uint64_t object = 0;
  std::array<std::byte, farhold::key::max_encoded_bytes> key{};
};
using offers = std::array<offer, remembered>;

struct configuration {
  const char* name;
  farhold::path way;
  farhold::same_host same_host;
  bool window;
  std::chrono::milliseconds grace;
};

struct tally {
  std::uint64_t resolved = 0, stale = 0, wrong = 0, other = 0;  // reads by how they ended
  std::uint64_t observed_stale = 0, reused_during_read = 0, on_path = 0;
  std::uint64_t evicted = 0;

  void add(const tally& t) {
    resolved += t.resolved, stale += t.stale, wrong += t.wrong, other += t.other;
    observed_stale += t.observed_stale, reused_during_read += t.reused_during_read, on_path += t.on_path;
    evicted += t.evicted;
  }
};

void answer(const offers& current) {
  MPI_Status who;
  int asked = 1;
  for (;;) {
    MPI_Iprobe(MPI_ANY_SOURCE, ask_tag, MPI_COMM_WORLD, &asked, &who);
    if (asked == 0) return;
    MPI_Recv(nullptr, 0, MPI_BYTE, who.MPI_SOURCE, ask_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Send(current.data(), sizeof current, MPI_BYTE, who.MPI_SOURCE, offers_tag, MPI_COMM_WORLD);
  }
}

void produce(farhold::store& store, int consumers) {
  offers current;
  std::vector<farhold::key> keys;  // the last `alive` of them are alive
  const auto end = std::chrono::steady_clock::now() + patience;
  int done = 0;
  for (std::uint64_t object = 0; done < consumers; ++object) {
    keys.push_back(store.put(make(object)));
    offer& place = current[object % remembered];
    place.object = object;
    keys.back().encode(place.key.data());
    if (keys.size() > alive) store.evict(keys[keys.size() - 1 - alive]);
    if (object >= remembered) answer(current);
    if (keys.size() > 1000) keys.erase(keys.begin(), keys.end() - alive);
    for (int found = 1; found != 0;) {
      MPI_Iprobe(MPI_ANY_SOURCE, done_tag, MPI_COMM_WORLD, &found, MPI_STATUS_IGNORE);
      if (found == 0) break;
      MPI_Recv(nullptr, 0, MPI_BYTE, MPI_ANY_SOURCE, done_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      ++done;
    }
    if (std::chrono::steady_clock::now() > end) {
      std::fprintf(stderr, "staleness_stress: the consumers do not finish in time\n");
      std::exit(1);
    }
  }
}

void read(farhold::store& store, const offer& what, tally& t) {
  farhold::byte_view bytes(what.key);
  const farhold::key key = farhold::key::decode(bytes);
  try {
    const auto p = store.proxy_from_key<words>(key);
    const words& w = *p;
    bool right = w.size() == key.size_bytes() / sizeof(std::uint64_t);
    for (std::size_t i = 0; i < w.size(); ++i) right = right && w[i] == expected(what.object, i);
    ++(right ? t.resolved : t.wrong);
  } catch (const farhold::error& e) {
    if (e.kind() == farhold::errc::stale) {
      ++t.stale;
    } else {
      if (t.other++ == 0) std::fprintf(stderr, "staleness_stress: %s\n", e.what());
    }
  }
}

/// Reads `reads` objects, and then more until one has died while it was read, if that is asked for.
void consume(farhold::store& store, std::uint64_t reads, bool until_reused, int rank, tally& t) {
  std::minstd_rand random(static_cast<unsigned>(rank));
  offers current;
  const auto end = std::chrono::steady_clock::now() + patience / 4;
  const auto goes_on = [&](std::uint64_t n) {
    return n < reads || (until_reused && store.metrics().reused_during_read == 0 &&
                         std::chrono::steady_clock::now() < end);
  };
  for (std::uint64_t n = 0; goes_on(n);) {
    MPI_Send(nullptr, 0, MPI_BYTE, producer, ask_tag, MPI_COMM_WORLD);
    MPI_Recv(current.data(), sizeof current, MPI_BYTE, producer, offers_tag, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    std::shuffle(current.begin(), current.end(), random);
    for (const offer& o : current) {
      read(store, o, t);
      ++n;
    }
  }
  MPI_Send(nullptr, 0, MPI_BYTE, producer, done_tag, MPI_COMM_WORLD);
}

/// One store's life. Returns the sum over all ranks, on all ranks.
tally run(const configuration& c, std::uint64_t reads) {
  int rank = 0, ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  farhold::store store("stress",
                       farhold::mpi::connector(MPI_COMM_WORLD, {.arena_bytes = std::size_t{32} << 20U,
                                                                .same_host = c.same_host,
                                                                .window = c.window,
                                                                .grace = c.grace}));
  const auto consumers = static_cast<std::uint64_t>(ranks - 1);
  tally mine;
  if (rank == producer) {
    produce(store, ranks - 1);
  } else {
    // The service pins what it sends: there nothing can be reused under a reader.
    const bool until_reused = rank == 1 && c.grace == 1ms && c.way != farhold::path::service &&
                              !farhold::rma::testing::accept_everything;
    consume(store, (reads + consumers - 1) / consumers, until_reused, rank, mine);
  }
  const farhold::metrics m = store.metrics();
  mine.observed_stale = m.observed_stale;
  mine.reused_during_read = m.reused_during_read;
  mine.on_path = m.on(c.way).resolves;
  mine.evicted = m.evicted;
  store.close();
  static_assert(sizeof(tally) % sizeof(std::uint64_t) == 0);
  tally all;
  MPI_Allreduce(&mine, &all, sizeof(tally) / sizeof(std::uint64_t), MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
  return all;
}

void print(const char* name, std::chrono::milliseconds grace, const tally& t) {
  std::printf(
      "{\"path\":\"%s\",\"grace_ms\":%lld,\"resolved\":%llu,\"stale\":%llu,\"wrong\":%llu,\"other\":%llu,"
      "\"observed_stale\":%llu,\"reused_during_read\":%llu,\"evicted\":%llu}\n",
      name, static_cast<long long>(grace.count()), static_cast<unsigned long long>(t.resolved),
      static_cast<unsigned long long>(t.stale), static_cast<unsigned long long>(t.wrong),
      static_cast<unsigned long long>(t.other), static_cast<unsigned long long>(t.observed_stale),
      static_cast<unsigned long long>(t.reused_during_read), static_cast<unsigned long long>(t.evicted));
  std::fflush(stdout);
}

/// Whether this MPI has a window here at all; if not, `window` reads go by the service and prove nothing.
bool has_window() {
  const tally t = run({"window", farhold::path::window, farhold::same_host::off, true, 1ms}, 100);
  return t.on_path > 0;
}

}  // namespace

int main(int argc, char** argv) {
  int level = 0, rank = 0, ranks = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &level);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const char* const world = std::getenv("FARHOLD_TEST_WORLD_SIZE");
  if (ranks < 2 || (world != nullptr && std::atoi(world) != ranks)) {
    std::fprintf(stderr, "staleness_stress: needs 2 ranks or more, and those that were asked for; has %d\n",
                 ranks);
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  const std::uint64_t wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  std::vector<std::string> faults;
  const auto require = [&](bool fact, const std::string& what) {
    if (!fact) faults.push_back(what);
  };

  using farhold::path;
  using farhold::same_host;
  std::vector<configuration> paths = {{"mapped", path::mapped, same_host::automatic, true, 0ms},
                                      {"cma", path::cma, same_host::cma, true, 0ms},
                                      {"service", path::service, same_host::off, false, 0ms}};
  if (has_window()) {
    paths.push_back({"window", path::window, same_host::off, true, 0ms});
  } else if (rank == producer) {
    std::printf("window: skipped, this MPI makes none here\n");
  }

  tally total;
  const std::uint64_t share = wanted / (2 * paths.size()) + 1;
  for (configuration c : paths) {
    tally on_path;
    for (const auto grace : {100ms, 1ms}) {
      c.grace = grace;
      const tally t = run(c, share);
      if (rank == producer) print(c.name, grace, t);
      const std::string where = std::string(c.name) + ", grace " + std::to_string(grace.count()) + " ms: ";
      require(t.wrong == 0, where + "wrong bytes");
      require(t.other == 0, where + "an error other than stale");
      require(t.observed_stale > 0, where + "nothing was seen stale");
      require(t.resolved > 0 && t.on_path == t.resolved, where + "objects came by another path");
      on_path.add(t);
    }
    require(c.way == path::service || on_path.reused_during_read > 0,
            std::string(c.name) + ": no object died while it was read");
    total.add(on_path);
  }
  require(total.resolved + total.stale >= wanted, "fewer resolves than wanted");

  // The same readers without validation must find wrong bytes, or all of the above proves nothing.
  farhold::rma::testing::accept_everything = true;
  for (configuration c : paths) {
    if (c.way == path::service) continue;  // validated by the producer
    c.grace = 1ms;
    const tally t = run(c, 4000);
    if (rank == producer) print((std::string(c.name) + ", validation off").c_str(), c.grace, t);
    require(t.wrong > 0, std::string(c.name) + ", validation off: found no wrong bytes");
  }

  if (rank == producer) {
    for (const std::string& fault : faults) std::printf("FAILED %s\n", fault.c_str());
    print("all", 0ms, total);
  }
  MPI_Finalize();
  return faults.empty() ? 0 : 1;
}
