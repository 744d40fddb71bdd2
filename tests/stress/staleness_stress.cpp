// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Rank 0 ends and reuses the memory of its objects as fast as it can, while all other ranks resolve objects
// that live, that die under their eyes and that are long gone: over every path, whichever way the objects got
// in (copied, adopted, born in the arena, lent), as values and as views, also with injected faults, with
// clocks that do not agree, and with all processes stopped at random moments. Every word of every object that
// resolves is checked. Wrong bytes must be 0, and the events that could cause them must have happened.
//
//   staleness_stress [resolves, over all configurations: 100000]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <mpi.h>
#include <farhold/farhold.hpp>

#include "mpi_transport.hpp"
#include "pauses.hpp"
#include "rma/connector.hpp"
#include "staleness.hpp"

namespace {

using namespace farhold::stress;

constexpr int producer = 0;
constexpr std::size_t at_once = 16;  // more would mostly have died when their turn comes
constexpr int ask_tag = 1;           // a consumer wants offers
constexpr int offers_tag = 2;        // the producer's answer
constexpr int done_tag = 3;          // a consumer has done its share

/// The other ranks, as the producer has to do with them.
class all_consumers {
 public:
  explicit all_consumers(int count) : left_(count) {}

  bool all_done() {
    for (MPI_Status who; left_ > 0 && has_come(done_tag, who); --left_)
      MPI_Recv(nullptr, 0, MPI_BYTE, who.MPI_SOURCE, done_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return left_ == 0;
  }
  static void answer(const offers& current) {
    for (MPI_Status who; has_come(ask_tag, who);) {
      MPI_Recv(nullptr, 0, MPI_BYTE, who.MPI_SOURCE, ask_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      MPI_Send(current.data(), sizeof current, MPI_BYTE, who.MPI_SOURCE, offers_tag, MPI_COMM_WORLD);
    }
  }

 private:
  static bool has_come(int tag, MPI_Status& who) {
    int found = 0;
    MPI_Iprobe(MPI_ANY_SOURCE, tag, MPI_COMM_WORLD, &found, &who);
    return found != 0;
  }
  int left_;
};

/// The producer, as a consumer has to do with it.
struct the_producer {
  static void ask(offers& current) {
    MPI_Send(nullptr, 0, MPI_BYTE, producer, ask_tag, MPI_COMM_WORLD);
    MPI_Recv(current.data(), sizeof current, MPI_BYTE, producer, offers_tag, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
  }
  static void done() { MPI_Send(nullptr, 0, MPI_BYTE, producer, done_tag, MPI_COMM_WORLD); }
};

/// As farhold::mpi::connector, but with clocks and faults.
std::unique_ptr<farhold::connector> open(const configuration& c, int rank,
                                         const std::shared_ptr<farhold::fault::counts>& faults_seen) {
  const std::uint64_t seed = static_cast<std::uint64_t>(rank) + 1;
  std::unique_ptr<farhold::transport> fabric = std::make_unique<farhold::mpi::detail::mpi_transport>(
      MPI_COMM_WORLD, farhold::mpi::detail::transport_options{.window = c.way != farhold::path::service});
  if (const decorator faults = faults_of(c, seed, faults_seen)) fabric = faults(std::move(fabric));
  const farhold::rma::options how{.arena_bytes = arena_bytes,
                                  .same_host = c.same_host,
                                  .validation = c.validation,
                                  .grace = c.grace,
                                  .uri = "mpi://",
                                  .time = rank == producer ? farhold::rma::clock{} : clock_of_consumers(c)};
  auto made = farhold::rma::make_connector(std::move(fabric), how);
  return rank == producer ? std::move(made) : with_faults(std::move(made), c, seed);
}

/// Waits for all ranks, and not in MPI's way, which takes a core: one of them may read for longer than
/// `close` has patience.
void wait_for_all() {
  MPI_Request all_are_here = MPI_REQUEST_NULL;
  MPI_Ibarrier(MPI_COMM_WORLD, &all_are_here);
  for (int done = 0; done == 0;) {
    MPI_Test(&all_are_here, &done, MPI_STATUS_IGNORE);
    if (done == 0) std::this_thread::sleep_for(1ms);
  }
}

/// One store's life. Returns the sum over all ranks, on all ranks.
tally run(const configuration& c, std::uint64_t reads, const pauses& stopped) {
  int rank = 0, ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const auto faults = std::make_shared<farhold::fault::counts>();
  const std::uint64_t stops = stopped.count();
  farhold::store store("stress", open(c, rank, faults), settings_of(c, rank == producer));
  const auto consumers = static_cast<std::uint64_t>(ranks - 1);
  tally mine;
  if (rank == producer) {
    all_consumers others(ranks - 1);
    produce(store, others, reads);
  } else {
    the_producer other;
    consume(store, c, (reads + consumers - 1) / consumers, rank == 1, at_once, static_cast<unsigned>(rank),
            other, mine);
  }
  add_counts(store.metrics(), *faults, stopped.count() - stops, rank == producer, c, mine);
  wait_for_all();
  store.close({.timeout = 30s});
  static_assert(sizeof(tally) % sizeof(std::uint64_t) == 0);
  tally all;
  MPI_Allreduce(&mine, &all, sizeof(tally) / sizeof(std::uint64_t), MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
  return all;
}

/// Whether this MPI has a window here at all; if not, `window` reads go by the service and prove nothing.
bool has_window(const pauses& stopped) {
  const tally t = run({"window", farhold::path::window, farhold::same_host::off, 1ms}, 400, stopped);
  return t.on_path > 0;
}

std::vector<configuration> all_configurations(bool window) {
  using farhold::path;
  using farhold::same_host;
  using farhold::validation;
  std::vector<configuration> all;
  for (const auto grace : {100ms, 1ms, 0ms}) {
    std::vector<configuration> plain = nearby(grace);
    if (window) {
      plain.push_back({"window", path::window, same_host::off, grace, validation::recheck});
      plain.push_back({"window, fast", path::window, same_host::off, grace, validation::fast});
    }
    for (const configuration& c : plain) {
      all.push_back(c);
      all.push_back(c.with(trouble::faults));
      all.push_back(c.with(trouble::clocks));
    }
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const pauses stopped_at_random;  // before MPI has threads
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
  const std::uint64_t wanted =
      std::max<std::uint64_t>(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000, 1000);
  std::vector<std::string> faults;
  const auto require = [&](bool fact, const std::string& what) {
    if (!fact) faults.push_back(what);
  };

  const bool window = has_window(stopped_at_random);
  if (!window && rank == producer) std::printf("window: skipped, this MPI makes none here\n");
  const std::vector<configuration> all = all_configurations(window);
  // Those that wait for what a faulty fabric has lost take long: few of many.
  const auto waits = [](const configuration& c) { return c.faults() && c.by_fabric(); };
  const auto waiting = static_cast<std::uint64_t>(std::count_if(all.begin(), all.end(), waits));
  const std::uint64_t reads_waiting = std::min<std::uint64_t>(wanted / all.size() + 1, 20'000);
  const std::uint64_t reads = (wanted - waiting * reads_waiting) / (all.size() - waiting) + 1;
  std::map<std::string, tally> by_name;
  std::map<farhold::path, tally> by_path;
  for (const configuration& c : all) {
    const tally t = run(c, waits(c) ? reads_waiting : reads, stopped_at_random);
    if (rank == producer) print(c.name, c.grace, t);
    judge(c, t, faults);
    by_name[c.name].add(t);
    by_path[c.way].add(t);
  }
  for (const configuration& c : all) {
    require(!can_be_reused_during_read(c) || by_name[c.name].reused_during_read > 0,
            c.name + ": no object died while it was read");
  }
  judge_together(all, by_path, wanted, faults);

  // The same readers without validation must find wrong bytes, or all of the above proves nothing.
  farhold::rma::testing::accept_everything = true;
  for (const configuration& c : all) {
    if (!shows_what_validation_does(c)) continue;
    const tally t = run(c, 4000, stopped_at_random);
    if (rank == producer) print(c.name + ", validation off", c.grace, t);
    require(t.wrong > 0, c.name + ", validation off: found no wrong bytes");
  }

  farhold::rma::testing::accept_everything = false;
  // And without time that goes on, or clocks would prove nothing: halves of reads are fetched a while apart.
  if (window) {
    configuration fooled{"window, fast", farhold::path::window, farhold::same_host::off, 1ms,
                         farhold::validation::fast};
    fooled = fooled.with(trouble::faults);
    fooled.fooled = true;
    const tally t = run(fooled, 2000, stopped_at_random);
    if (rank == producer) print(fooled.name + ", a clock that stands", fooled.grace, t);
    require(t.wrong > 0, fooled.name + ", a clock that stands: found no wrong bytes");
  }

  if (rank == producer) {
    for (const std::string& fault : faults) std::printf("FAILED %s\n", fault.c_str());
    tally total;
    for (const auto& [way, t] : by_path) {
      print(std::string("all by ") + std::string(to_string(way)), 0ms, t);
      total.add(t);
    }
    print("all", 0ms, total);
  }
  MPI_Finalize();
  return faults.empty() ? 0 : 1;
}
